import { isRedisRefusal, RedisScript } from '@app/resilience';
import type { Redis } from 'ioredis';
import type { RedisAccess } from '../redis/redis-access.js';
import { readEntry, writeEntry, type CacheEntry } from './cache-entry.js';
import { CacheStore } from './cache-store.js';

const MOST_KEYS_A_COMMAND = 128;
/** Commands that store are so far apart at least: each wakes Redis up, and nobody waits for them. */
const GATHER_MS = 5;
/** Entries on their way to Redis; more are not kept there, because a slow Redis must not fill our memory. */
const MOST_ENTRIES_UNDER_WAY = 1024;
/** Longest head of a written entry. */
const HEAD_LENGTH = 45;

/** What a cache in Redis is told. */
export interface RedisCacheOptions {
  /** Longer values are neither kept nor believed. */
  maxValueLength: number;
  /** Whether a value can be an answer; others are not believed. Default: any can. */
  isAnswer?: (value: string) => boolean;
  /** Milliseconds since 1970; default: `Date.now`. */
  now?: () => number;
}

/**
 * ARGV: value and time to live in milliseconds, for each key. One command and one answer cost a tenth of as many as there are entries.
 * What a replica says is said of all of them, and is an error, by which its connection learns to look for the primary.
 */
const STORE = new RedisScript(`
  local kept = {}
  for i, key in ipairs(KEYS) do
    local reply = redis.pcall('SET', key, ARGV[2 * i - 1], 'PX', ARGV[2 * i])
    if reply.err and string.find(reply.err, 'READONLY', 1, true) then return reply end
    kept[i] = reply.err and 0 or 1
  end
  return kept`);

interface Lookup {
  key: string;
  resolve: (entry: CacheEntry | undefined) => void;
}

interface Storing {
  key: string;
  entry: CacheEntry;
  resolve: (kept: boolean) => void;
}

/** Entries that leave together; until Redis has them, they are found here. */
class Parcel {
  readonly list: Storing[] = [];
  private readonly byKey = new Map<string, CacheEntry>();

  add(storing: Storing): void {
    this.list.push(storing);
    this.byKey.set(storing.key, storing.entry);
  }

  get(key: string): CacheEntry | undefined {
    return this.byKey.get(key);
  }
}

/**
 * Keeps answers in Redis, for all replicas. What is asked within one turn of the event loop travels as one command, and
 * so does what is stored within some milliseconds under load. A Redis that is away, slow, frozen, full or flushed is a miss within the time limit.
 */
export class RedisCacheStore extends CacheStore {
  private lookups: Lookup[] = [];
  private gathering = new Parcel();
  /** From the oldest on. */
  private sent: Parcel[] = [];
  private underWay = 0;
  private entriesSentMs = -Infinity;
  private readonly now: () => number;

  constructor(
    private readonly access: RedisAccess,
    private readonly options: RedisCacheOptions,
  ) {
    super();
    this.now = options.now ?? Date.now;
  }

  /** At once while the entry is on its way to Redis. */
  override get(key: string): CacheEntry | Promise<CacheEntry | undefined> {
    const leaving = this.gathering.get(key) ?? this.sent.findLast((parcel) => parcel.get(key))?.get(key);
    if (leaving) {
      return leaving;
    }
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
      this.access.observer.onFallback('cache_skip', 1);
      return false;
    }
    this.underWay++;
    return new Promise((resolve) => {
      this.gathering.add({ key, entry, resolve });
      if (this.gathering.list.length === 1) {
        this.sendEntriesSoon();
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
      this.access.observer.onFallback('cache_miss', keys.length);
    }
    lookups.forEach(({ resolve }, index) => resolve(this.read(found?.answer[index])));
  }

  private read(written: string | null | undefined): CacheEntry | undefined {
    if (typeof written !== 'string') {
      return undefined;
    }
    const nowMs = this.now();
    const entry = written.length > this.options.maxValueLength + HEAD_LENGTH ? undefined : readEntry(written, nowMs);
    if (!entry || this.options.isAnswer?.(entry.value) === false) {
      this.access.observer.onError('get', 1); // not ours: a miss, which the next answer overwrites
      return undefined;
    }
    return nowMs < entry.keptUntilMs ? entry : undefined;
  }

  /** At once, unless that was done just now: under load entries gather. */
  private sendEntriesSoon(): void {
    const send = () => this.sendEntries();
    const waitMs = this.entriesSentMs + GATHER_MS - performance.now();
    if (waitMs > 0) setTimeout(send, waitMs);
    else setImmediate(send);
  }

  private sendEntries(): void {
    this.entriesSentMs = performance.now();
    void this.sendParcel(this.gathering);
    this.gathering = new Parcel();
  }

  private async sendParcel(parcel: Parcel): Promise<void> {
    const { list } = parcel;
    const commands: Promise<boolean[]>[] = [];
    this.sent.push(parcel);
    for (let from = 0; from < list.length; from += MOST_KEYS_A_COMMAND) {
      commands.push(this.store(list.slice(from, from + MOST_KEYS_A_COMMAND)));
    }
    const kept = (await Promise.all(commands)).flat();
    this.sent = this.sent.filter((each) => each !== parcel);
    this.underWay -= list.length;
    list.forEach(({ resolve }, index) => resolve(kept[index] ?? false));
  }

  private async store(storing: readonly Storing[]): Promise<boolean[]> {
    const times = storing.length;
    const asked = await this.access.ask('set', (redis) => this.write(redis, storing), { times });
    const kept = storing.map((_, index) => asked?.answer[index] ?? false);
    const refused = asked ? kept.filter((each) => !each).length : 0;
    if (refused > 0) {
      this.access.observer.onError('set', refused);
    }
    if (!asked || refused > 0) {
      this.access.observer.onFallback('cache_skip', asked ? refused : times);
    }
    return kept;
  }

  /**
   * Which entries Redis has kept. One that is full or a replica refuses to write and is well otherwise: that must not
   * open the breaker, which would end the reading.
   */
  private async write(redis: Redis, storing: readonly Storing[]): Promise<boolean[]> {
    const nowMs = this.now();
    const keys = storing.map(({ key }) => key);
    const args = storing.flatMap(({ entry }) => [writeEntry(entry), Math.max(1, entry.keptUntilMs - nowMs)]);
    try {
      const kept = (await STORE.run(redis, keys, args)) as number[];
      return kept.map((flag) => flag === 1);
    } catch (error) {
      if (isRedisRefusal(error)) {
        return [];
      }
      throw error;
    }
  }
}
