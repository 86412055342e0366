import { setTimeout as sleep } from 'node:timers/promises';
import type { CacheEntry } from './cache-entry.js';
import type { RedisFlightLock } from './redis-flight-lock.js';

/** How long replicas wait for each other. */
export interface ClusterFlightOptions {
  /** A replica that died while it computed holds up the others for this long at most. */
  leaseMs: number;
  /** After this long a replica computes by itself. */
  waitMs: number;
  /** How often it looks whether the other one is done. */
  pollMs: number;
}

/** What a replica does about a key. */
export interface ClusterWork {
  /** A fresh entry that another replica has stored. */
  find: () => Promise<CacheEntry | undefined>;
  /** Computes it, and gives the entry with the promise that it is stored. */
  compute: () => Promise<{ entry: CacheEntry; stored: boolean | Promise<boolean> }>;
}

/** One computation for each key over all replicas, as far as Redis is there to arrange it; for answers that are dear. */
export class ClusterFlight {
  constructor(
    private readonly lock: RedisFlightLock,
    private readonly options: ClusterFlightOptions,
  ) {}

  /** Computes, or waits for the replica that does and gives its entry, whichever comes first. */
  async run(key: string, work: ClusterWork, signal: AbortSignal): Promise<{ entry: CacheEntry; found: boolean }> {
    const giveUpAtMs = performance.now() + this.options.waitMs;
    for (;;) {
      const state = await this.lock.acquire(key);
      // Not before: whoever had the lock until now may have stored the entry since then.
      const entry = state === 'unknown' ? undefined : await work.find();
      if (entry) {
        if (state === 'ours') void this.lock.release(key);
        return { entry, found: true };
      }
      if (state !== 'theirs' || performance.now() >= giveUpAtMs) {
        return { entry: await this.compute(key, work, state === 'ours'), found: false };
      }
      await sleep(this.options.pollMs * (0.5 + Math.random()), undefined, { signal });
    }
  }

  /** The lock goes only after the entry is there, and the caller waits for neither. */
  private async compute(key: string, work: ClusterWork, locked: boolean): Promise<CacheEntry> {
    try {
      const { entry, stored } = await work.compute();
      if (locked) {
        void Promise.resolve(stored).then(() => this.lock.release(key));
      }
      return entry;
    } catch (error) {
      if (locked) {
        void this.lock.release(key);
      }
      throw error;
    }
  }
}
