import { isFresh, type CacheEntry } from './cache-entry.js';
import { CacheStore } from './cache-store.js';
import type { MemoryCacheStore } from './memory-cache-store.js';

/**
 * Memory in front of a store that all replicas share. Memory keeps what the shared store was asked for again, and what that
 * cannot take: most texts are asked once, and would only drive out those that are popular.
 */
export class TieredCacheStore extends CacheStore {
  constructor(
    private readonly near: MemoryCacheStore,
    private readonly far: CacheStore,
    private readonly now: () => number = Date.now,
  ) {
    super();
  }

  /** A stale copy at hand is no reason not to ask: another replica may have made a new one. */
  override get(key: string): CacheEntry | Promise<CacheEntry | undefined> {
    const near = this.near.get(key);
    return near && isFresh(near, this.now()) ? near : this.fromFar(key, near);
  }

  override set(key: string, entry: CacheEntry): boolean | Promise<boolean> {
    const kept = this.far.set(key, entry);
    const orNear = (isKept: boolean): boolean => isKept || this.near.set(key, entry);
    return kept instanceof Promise ? kept.then(orNear) : orNear(kept);
  }

  private fromFar(key: string, near: CacheEntry | undefined): Promise<CacheEntry | undefined> {
    return Promise.resolve(this.far.get(key)).then((far) => {
      if (!far || (near && near.madeAtMs >= far.madeAtMs)) {
        return near;
      }
      this.near.set(key, far);
      return far;
    });
  }
}
