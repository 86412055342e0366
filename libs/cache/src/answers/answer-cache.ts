import type { CacheObserver } from '../cache-observer.js';
import { isFresh, newEntry, type CacheEntry, type EntryLifetime } from './cache-entry.js';
import type { CacheStore } from './cache-store.js';
import type { ClusterFlight } from './cluster-flight.js';
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

interface Question {
  stored: CacheEntry | undefined | Promise<CacheEntry | undefined>;
  compute: Computation<string>;
}

interface Flown {
  entry: CacheEntry;
  found: boolean;
}

interface Computed {
  entry: CacheEntry;
  stored: boolean | Promise<boolean>;
}

/** Answers a repeated question once. Failures are never kept: the next caller tries again. */
export class AnswerCache {
  private readonly flights = new SingleFlight<Flown>();
  private readonly now: () => number;

  constructor(
    private readonly store: CacheStore,
    private readonly options: AnswerCacheOptions,
    private readonly observer: CacheObserver,
    private readonly cluster?: ClusterFlight,
  ) {
    this.now = options.now ?? Date.now;
  }

  /** Gives the stored answer, or computes and keeps it. What the computation throws, every caller that waits is thrown. */
  async getOrCompute(key: string, compute: Computation<string>, bounds?: WaitBounds): Promise<CachedAnswer> {
    const joined = this.flights.has(key);
    const stored = joined ? undefined : this.store.get(key);
    if (stored && !(stored instanceof Promise) && isFresh(stored, this.now())) {
      this.observer.onHit();
      return { value: stored.value, origin: 'cache' };
    }
    let found = false;
    try {
      const flown = await this.flights.run(key, (signal) => this.fly(key, { stored, compute }, signal), bounds);
      found = flown.found;
      return { value: flown.entry.value, origin: found ? 'cache' : joined ? 'shared' : 'computed' };
    } finally {
      this.count(found, joined);
    }
  }

  /** The stored answer, if it is fresh. */
  async find(key: string): Promise<string | undefined> {
    const entry = await this.freshEntry(key);
    this.count(entry !== undefined, false);
    return entry?.value;
  }

  /** The stored answer however old it is, in place of a model that cannot answer. */
  async findStale(key: string): Promise<StaleAnswer | undefined> {
    const entry = await this.store.get(key);
    return entry && { value: entry.value, ageSeconds: Math.max(0, Math.round((this.now() - entry.madeAtMs) / 1000)) };
  }

  /** Keeps an answer. Nobody has to wait for the promise. */
  keep(key: string, value: string): boolean | Promise<boolean> {
    return this.store.set(key, newEntry(value, this.options, this.now()));
  }

  /** The lookup is part of the flight: whoever joins it shares what it finds, and asks Redis nothing. */
  private async fly(key: string, { stored, compute }: Question, signal: AbortSignal): Promise<Flown> {
    const entry = await stored;
    if (entry && isFresh(entry, this.now())) {
      return { entry, found: true };
    }
    signal.throwIfAborted();
    const work = { find: () => this.freshEntry(key), compute: () => this.compute(key, compute, signal) };
    return this.cluster ? this.cluster.run(key, work, signal) : { entry: (await work.compute()).entry, found: false };
  }

  private async compute(key: string, compute: Computation<string>, signal: AbortSignal): Promise<Computed> {
    const entry = newEntry(await compute(signal), this.options, this.now());
    return { entry, stored: this.store.set(key, entry) };
  }

  private async freshEntry(key: string): Promise<CacheEntry | undefined> {
    const entry = await this.store.get(key);
    return entry && isFresh(entry, this.now()) ? entry : undefined;
  }

  private count(found: boolean, joined: boolean): void {
    if (found) {
      this.observer.onHit();
      return;
    }
    this.observer.onMiss();
    if (joined) {
      this.observer.onShared();
    }
  }
}
