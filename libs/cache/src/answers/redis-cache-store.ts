import type { Redis } from 'ioredis';
import type { RedisAccess } from '../redis/redis-access.js';
import { readEntry, writeEntry, type CacheEntry } from './cache-entry.js';
import { CacheStore } from './cache-store.js';

const MOST_KEYS_A_COMMAND = 128;
/** Entries on their way to Redis; more are not kept there, because a slow Redis must not fill our memory. */
const MOST_ENTRIES_UNDER_WAY = 1024;
/** Longest head of a written entry. */
const HEAD_LENGTH = 45;

/** What a cache in Redis is told. */
export interface RedisCacheOptions {
  /** Longer values are neither kept nor believed. */
  maxValueLength: number;
  /** Milliseconds since 1970; default: `Date.now`. */
  now?: () => number;
}

interface Lookup {
  key: string;
  resolve: (entry: CacheEntry | undefined) => void;
}

interface Storing {
  key: string;
  entry: CacheEntry;
  resolve: (kept: boolean) => void;
}

/**
 * Keeps answers in Redis, for all replicas. What is asked within one turn of the event loop travels as one command, and
 * so does what is stored. A Redis that is away, slow, frozen, full or flushed is a miss within the time limit.
 */
export class RedisCacheStore extends CacheStore {
  private lookups: Lookup[] = [];
  private storing: Storing[] = [];
  private underWay = 0;
  private readonly now: () => number;

  constructor(
    private readonly access: RedisAccess,
    private readonly options: RedisCacheOptions,
  ) {
    super();
    this.now = options.now ?? Date.now;
  }

  override get(key: string): Promise<CacheEntry | undefined> {
    return new Promise((resolve) => {
      if (this.lookups.push({ key, resolve }) === 1) {
        setImmediate(() => this.sendLookups());
      }
    });
  }

  override set(key: string, entry: CacheEntry): boolean | Promise<boolean> {
    if (entry.value.length > this.options.maxValueLength) {
      return false;
    }
    if (this.underWay >= MOST_ENTRIES_UNDER_WAY) {
      this.access.observed.onFallback('cache_skip', 1);
      return false;
    }
    this.underWay++;
    return new Promise((resolve) => {
      if (this.storing.push({ key, entry, resolve }) === 1) {
        setImmediate(() => void this.sendEntries());
      }
    });
  }

  private sendLookups(): void {
    const lookups = this.lookups;
    this.lookups = [];
    for (let from = 0; from < lookups.length; from += MOST_KEYS_A_COMMAND) {
      void this.lookUp(lookups.slice(from, from + MOST_KEYS_A_COMMAND));
    }
  }

  private async lookUp(lookups: readonly Lookup[]): Promise<void> {
    const keys = lookups.map(({ key }) => key);
    const found = await this.access.ask('get', (redis) => redis.mget(keys), { times: keys.length });
    if (!found) {
      this.access.observed.onFallback('cache_miss', keys.length);
    }
    lookups.forEach(({ resolve }, index) => resolve(this.read(found?.answer[index])));
  }

  private read(written: string | null | undefined): CacheEntry | undefined {
    if (typeof written !== 'string') {
      return undefined;
    }
    const nowMs = this.now();
    const entry = written.length > this.options.maxValueLength + HEAD_LENGTH ? undefined : readEntry(written, nowMs);
    if (!entry) {
      this.access.refused('get'); // not ours: a miss, which the next answer overwrites
    }
    return entry && nowMs < entry.keptUntilMs ? entry : undefined;
  }

  private async sendEntries(): Promise<void> {
    const storing = this.storing;
    this.storing = [];
    const stored = await this.access.ask('set', (redis) => this.store(redis, storing), { times: storing.length });
    if (!stored) {
      this.access.observed.onFallback('cache_skip', storing.length);
    }
    this.underWay -= storing.length;
    storing.forEach(({ resolve }, index) => resolve(stored?.answer[index] ?? false));
  }

  /** A Redis that is full or a replica refuses to write and is well otherwise: that must not close the gate for reading. */
  private async store(redis: Redis, storing: readonly Storing[]): Promise<boolean[]> {
    const nowMs = this.now();
    const pipeline = redis.pipeline();
    for (const { key, entry } of storing) {
      pipeline.set(key, writeEntry(entry), 'PX', Math.max(1, entry.keptUntilMs - nowMs));
    }
    const replies = (await pipeline.exec()) ?? [];
    const failure = replies.find(([error]) => error && error.name !== 'ReplyError');
    if (failure?.[0]) {
      throw failure[0];
    }
    const refused = replies.filter(([error]) => error).length;
    if (refused > 0) {
      this.access.refused('set', refused);
      this.access.observed.onFallback('cache_skip', refused);
    }
    return replies.map(([error]) => !error);
  }
}
