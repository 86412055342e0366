import { LRUCache } from 'lru-cache';
import type { CacheEntry } from './cache-entry.js';
import { CacheStore } from './cache-store.js';

/** What an entry takes besides the characters of its key and value: two strings, the entry, its places in the cache. */
const ENTRY_OVERHEAD_BYTES = 360;
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

interface Held {
  key: string;
  entry: CacheEntry;
}

/**
 * Keeps answers in this process, within a bound of bytes. They are found by a number made of the key: to find none by the
 * key itself means to compare it with the keys next to it, which lie all over the heap, and that waits for memory.
 */
export class MemoryCacheStore extends CacheStore {
  private readonly held: LRUCache<number, Held>;
  private readonly now: () => number;

  constructor(private readonly options: MemoryCacheOptions) {
    super();
    this.held = new LRUCache({ maxSize: options.maxBytes });
    this.now = options.now ?? Date.now;
  }

  override get(key: string): CacheEntry | undefined {
    const number = numberOf(key);
    const held = this.held.get(number);
    if (held?.key !== key) {
      return undefined;
    }
    if (this.now() >= held.entry.keptUntilMs) {
      this.held.delete(number);
      return undefined;
    }
    return held.entry;
  }

  override set(key: string, entry: CacheEntry): boolean {
    if (entry.value.length > this.options.maxValueLength) {
      return false;
    }
    const size = sizeInBytes(key, entry);
    this.held.set(numberOf(key), { key, entry }, { size }); // in place of another with this number, once in a blue moon
    return size <= this.options.maxBytes; // it keeps nothing larger than itself
  }

  /** Entries held, the ones past their time included. */
  get size(): number {
    return this.held.size;
  }

  /** Memory that the entries take, as estimated. */
  get bytes(): number {
    return this.held.calculatedSize;
  }
}

/** FNV-1a of the end of a key, which is as good as random: among 100,000 entries one pair shares a number. */
function numberOf(key: string): number {
  let number = 0x811c9dc5;
  for (let at = Math.max(0, key.length - 8); at < key.length; at++) {
    number = Math.imul(number ^ key.charCodeAt(at), 0x01000193);
  }
  return number;
}

/** V8 takes one byte for each character, or two where one of them is beyond Latin-1. */
function sizeInBytes(key: string, { value }: CacheEntry): number {
  return ENTRY_OVERHEAD_BYTES + key.length + (NOT_LATIN.test(value) ? 2 * value.length : value.length);
}
