import type { CacheEntry } from './cache-entry.js';

/** Where answers are kept; it may lose any of them at any time, and it never fails: what it cannot say is a miss. */
export abstract class CacheStore {
  /** The entry, fresh or stale; at once when it is at hand. */
  abstract get(key: string): CacheEntry | undefined | Promise<CacheEntry | undefined>;

  /** Keeps an entry. Nobody has to wait for the promise; it says whether the entry was kept. */
  abstract set(key: string, entry: CacheEntry): boolean | Promise<boolean>;
}
