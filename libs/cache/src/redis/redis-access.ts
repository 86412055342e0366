import { reasonOf, type LogWriter, type Policy } from '@app/resilience';
import type { Redis } from 'ioredis';
import type { CacheObserver, CacheOperation } from '../cache-observer.js';
import { FailureStreak } from './failure-streak.js';

/** One failure may be a matter of chance; this many in a row are told to the log. */
const FAILURES_TO_TELL = 3;

/** What the questions are called where they are counted. */
const NAMES: Record<CacheOperation, string> = {
  get: 'redis_get_cache',
  set: 'redis_set_cache',
  lock: 'redis_lock',
  check_idempotency: 'redis_check_idempotency',
  store_idempotency: 'redis_store_idempotency',
};
/** Not knowing of an earlier request is worth a second try; without the cache an answer is only computed. All of them may be done twice. */
const WORTH_RETRYING: ReadonlySet<CacheOperation> = new Set(['check_idempotency', 'store_idempotency']);

/** What is asked again when Redis does not answer, as it is counted. */
export const RETRIED_OPERATIONS: readonly string[] = Array.from(WORTH_RETRYING, (operation) => NAMES[operation]);

/** The cache's Redis, and the care with which it is asked. */
export interface RedisAccessOptions {
  /** `cacheRedis(url)`, or one that refuses commands at once while there is no connection. The app closes it. */
  redis: Redis;
  /** Bounds the time that an answer may take, and keeps a Redis that is away from being asked. */
  policy: Policy;
}

/** Asks Redis under its policy; what fails is counted. */
export class RedisAccess {
  private readonly streak = new FailureStreak();

  constructor(
    private readonly options: RedisAccessOptions,
    readonly observer: CacheObserver,
    private readonly log: LogWriter,
  ) {}

  /**
   * @param bounds how many questions the command carries, as they are counted, when nobody waits for them any more, and
   * whether it is not asked again whatever it is
   * @returns undefined when Redis could not be asked or has not answered
   */
  async ask<T>(
    operation: CacheOperation,
    command: (redis: Redis) => Promise<T>,
    { times = 1, deadlineMs, once = false }: { times?: number; deadlineMs?: number | undefined; once?: boolean } = {},
  ): Promise<{ answer: T } | undefined> {
    const { redis, policy } = this.options;
    const startedMs = performance.now();
    let asked = false;
    try {
      const ask = (): Promise<T> => {
        asked = true;
        return command(redis);
      };
      const call = {
        operation: NAMES[operation],
        idempotent: WORTH_RETRYING.has(operation) && !once,
        // However late it is, Redis is asked once.
        ...(deadlineMs !== undefined && { deadlineMs: Math.max(deadlineMs, startedMs + 2 * policy.timeoutMs) }),
      };
      const answer = await policy.execute(ask, call);
      this.succeeded();
      return { answer };
    } catch (error) {
      if (asked) {
        this.observer.onError(operation, times);
        this.failed(error, startedMs);
      }
      return undefined;
    }
  }

  private succeeded(): void {
    if (this.streak.length >= FAILURES_TO_TELL) {
      this.log.info('Redis available');
    }
    this.streak.end();
  }

  private failed(error: unknown, startedMs: number): void {
    if (this.streak.failed(startedMs) && this.streak.length === FAILURES_TO_TELL) {
      this.log.warning(`Redis unavailable: ${reasonOf(error)}`);
    }
  }
}
