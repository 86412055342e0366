import type { Policy } from '@app/resilience';
import type { Redis } from 'ioredis';
import type { ClusterFlightOptions } from './answers/cluster-flight.js';
import type { EntryLifetime } from './answers/cache-entry.js';
import type { IdempotencyOptions } from './idempotency/idempotency.js';

/** What the cache library is told by its app. */
export interface CacheOptions {
  answers: AnswerOptions;
  idempotency: IdempotencyOptions & {
    /** Memory for all keys together, where there is no Redis. */
    memoryBytes: number;
  };
  /** The Redis that all replicas share; without it each process remembers for itself. */
  redis?: SharedRedis;
}

/** How answers are kept. */
export interface AnswerOptions extends EntryLifetime {
  /** Memory for all answers together. */
  memoryBytes: number;
  /** Longer answers are not kept, in characters. */
  maxValueLength: number;
}

/** The Redis of the cache, and how it is treated. */
export interface SharedRedis {
  /** `cacheRedis(url)`, or one that refuses commands at once while there is no connection. The app closes it. */
  redis: Redis;
  /** Bounds the time that an answer may take, and keeps a Redis that is away from being asked. */
  policy: Policy;
  /** Whether a value that Redis has can be an answer; any other is a miss, and overwritten. Default: any can. */
  isAnswer?: (value: string) => boolean;
  /** Computes the same answer once over all replicas, at the price of two round trips for each miss; default: once in each. */
  oncePerCluster?: ClusterFlightOptions;
}
