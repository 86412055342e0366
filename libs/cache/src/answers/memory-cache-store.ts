import { LRUCache } from 'lru-cache';
import type { CacheEntry } from './cache-entry.js';
import { CacheStore } from './cache-store.js';

/** What an entry takes besides the characters of its key and value: two strings, the entry, its places in the cache. */
const ENTRY_OVERHEAD_BYTES = 320;
const NOT_LATIN = /[^\0-\xff]/;

/** Bounds of a cache in memory. */
export interface MemoryCacheOptions {
  /** Most memory that all entries take together; the ones that were not asked for longest go first. */
  maxBytes: number;
  /** Longer values are not kept. */
  maxValueLength: number;
  /** Milliseconds since 1970; default: `Date.now`. */
  now?: () => number;
}

/** Keeps answers in this process, within a bound of bytes. */
export class MemoryCacheStore extends CacheStore {
  private readonly entries: LRUCache<string, CacheEntry>;
  private readonly now: () => number;

  constructor(private readonly options: MemoryCacheOptions) {
    super();
    this.entries = new LRUCache({ maxSize: options.maxBytes });
    this.now = options.now ?? Date.now;
  }

  override get(key: string): CacheEntry | undefined {
    const entry = this.entries.get(key);
    if (entry && this.now() >= entry.keptUntilMs) {
      this.entries.delete(key);
      return undefined;
    }
    return entry;
  }

  override set(key: string, entry: CacheEntry): boolean {
    if (entry.value.length > this.options.maxValueLength) {
      return false;
    }
    const size = sizeInBytes(key, entry);
    this.entries.set(key, entry, { size });
    return size <= this.options.maxBytes; // it keeps nothing larger than itself
  }

  /** Entries held, the ones past their time included. */
  get size(): number {
    return this.entries.size;
  }

  /** Memory that the entries take, as estimated. */
  get bytes(): number {
    return this.entries.calculatedSize;
  }
}

/** V8 takes one byte for each character, or two where one of them is beyond Latin-1. */
function sizeInBytes(key: string, { value }: CacheEntry): number {
  return ENTRY_OVERHEAD_BYTES + key.length + (NOT_LATIN.test(value) ? 2 * value.length : value.length);
}
