import type { CacheObserver } from '../cache-observer.js';
import { isFresh, newEntry, type CacheEntry, type EntryLifetime } from './cache-entry.js';
import type { CacheStore } from './cache-store.js';
import type { ClusterFlight, ClusterWork } from './cluster-flight.js';
import { SingleFlight, type Computation, type WaitBounds } from './single-flight.js';

/** An answer and where it came from: stored, computed for this caller, or computed for another one that asked before. */
export interface CachedAnswer {
  value: string;
  origin: 'cache' | 'computed' | 'shared';
}

/** An answer past its time. */
export interface StaleAnswer {
  value: string;
  ageSeconds: number;
}

/** How answers are kept. */
export interface AnswerCacheOptions extends EntryLifetime {
  /** Milliseconds since 1970; default: `Date.now`. */
  now?: () => number;
}

interface Asked {
  key: string;
  stored: CacheEntry | undefined | Promise<CacheEntry | undefined>;
  compute: Computation<string>;
}

/** Answers a repeated question once. Failures are never kept: the next caller tries again. */
export class AnswerCache {
  private readonly flights = new SingleFlight<CachedAnswer>();
  private readonly now: () => number;

  constructor(
    private readonly store: CacheStore,
    private readonly options: AnswerCacheOptions,
    private readonly observer: CacheObserver,
    private readonly cluster?: ClusterFlight,
  ) {
    this.now = options.now ?? Date.now;
  }

  /**
   * Gives the stored answer, at once when it is at hand, or computes and keeps it. What the computation throws, every
   * caller that waits is thrown.
   */
  getOrCompute(key: string, compute: Computation<string>, bounds?: WaitBounds): CachedAnswer | Promise<CachedAnswer> {
    const joined = this.flights.has(key);
    const stored = joined ? undefined : this.store.get(key);
    if (stored && !(stored instanceof Promise) && isFresh(stored, this.now())) {
      this.observer.onHit();
      return { value: stored.value, origin: 'cache' };
    }
    const flight = this.flights.run(key, (signal) => this.fly({ key, stored, compute }, signal), bounds);
    return joined ? this.shared(flight) : flight;
  }

  /** The stored answer however old it is, in place of a model that cannot answer. */
  async findStale(key: string): Promise<StaleAnswer | undefined> {
    const entry = await this.store.get(key);
    return entry && { value: entry.value, ageSeconds: Math.max(0, Math.round((this.now() - entry.madeAtMs) / 1000)) };
  }

  /** Keeps an answer. Nobody has to wait for the promise. */
  keep(key: string, value: string): boolean | Promise<boolean> {
    return this.store.set(key, this.newEntry(value));
  }

  /** The answer of a flight that another caller began, and counts. */
  private async shared(flight: Promise<CachedAnswer>): Promise<CachedAnswer> {
    let found = false;
    try {
      const answer = await flight;
      found = answer.origin === 'cache';
      return found ? answer : { value: answer.value, origin: 'shared' };
    } finally {
      this.count(found);
      if (!found) {
        this.observer.onShared();
      }
    }
  }

  /** The lookup is part of the flight: whoever joins it shares what it finds, and asks Redis nothing. */
  private async fly({ key, stored, compute }: Asked, signal: AbortSignal): Promise<CachedAnswer> {
    let origin: CachedAnswer['origin'] = 'computed';
    try {
      const known = await stored;
      if (known && isFresh(known, this.now())) {
        origin = 'cache';
        return { value: known.value, origin };
      }
      signal.throwIfAborted();
      if (this.cluster) {
        const { entry, found } = await this.cluster.run(key, this.workFor(key, compute, signal), signal);
        origin = found ? 'cache' : 'computed';
        return { value: entry.value, origin };
      }
      const value = await compute(signal);
      void this.keep(key, value);
      return { value, origin };
    } finally {
      this.count(origin === 'cache');
    }
  }

  private workFor(key: string, compute: Computation<string>, signal: AbortSignal): ClusterWork {
    return {
      find: () => this.freshEntry(key),
      compute: async () => {
        const entry = this.newEntry(await compute(signal));
        return { entry, stored: this.store.set(key, entry) };
      },
    };
  }

  private newEntry(value: string): CacheEntry {
    return newEntry(value, this.options, this.now());
  }

  private async freshEntry(key: string): Promise<CacheEntry | undefined> {
    const entry = await this.store.get(key);
    return entry && isFresh(entry, this.now()) ? entry : undefined;
  }

  private count(found: boolean): void {
    if (found) {
      this.observer.onHit();
    } else {
      this.observer.onMiss();
    }
  }
}
