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

  override async set(key: string, entry: CacheEntry): Promise<boolean> {
    return (await this.far.set(key, entry)) || this.near.set(key, entry);
  }

  private async fromFar(key: string, near: CacheEntry | undefined): Promise<CacheEntry | undefined> {
    const far = await this.far.get(key);
    if (!far || (near && near.madeAtMs >= far.madeAtMs)) {
      return near;
    }
    this.near.set(key, far);
    return far;
  }
}
