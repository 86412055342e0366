import type { ClusterFlightOptions } from './answers/cluster-flight.js';
import type { EntryLifetime } from './answers/cache-entry.js';
import type { IdempotencyOptions } from './idempotency/idempotency.js';
import type { RedisAccessOptions } from './redis/redis-access.js';

/** What the cache library is told by its app. */
export interface CacheOptions {
  answers: AnswerOptions;
  idempotency: IdempotencyOptions & {
    /** Memory for all keys together, where there is no Redis. */
    memoryBytes: number;
  };
  /** The Redis that all replicas share; without it each process remembers for itself. */
  redis?: CacheRedisOptions;
}

/** How answers are kept. */
export interface AnswerOptions extends EntryLifetime {
  /** Memory for all answers together. */
  memoryBytes: number;
  /** Longer answers are not kept, in characters. */
  maxValueLength: number;
}

/** The Redis of the cache, and what is done with it. */
export interface CacheRedisOptions extends RedisAccessOptions {
  /** Whether a value that Redis has can be an answer; any other is a miss, and overwritten. Default: any can. */
  isAnswer?: (value: string) => boolean;
  /** Computes the same answer once over all replicas, at the price of two round trips for each miss; default: once in each. */
  oncePerCluster?: ClusterFlightOptions;
}
