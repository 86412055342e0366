import type { LogWriter } from '@app/resilience';
import { AnswerCache } from './answers/answer-cache.js';
import { ClusterFlight } from './answers/cluster-flight.js';
import { MemoryCacheStore } from './answers/memory-cache-store.js';
import { RedisCacheStore } from './answers/redis-cache-store.js';
import { RedisFlightLock } from './answers/redis-flight-lock.js';
import { TieredCacheStore } from './answers/tiered-cache-store.js';
import type { CacheMetrics } from './cache.metrics.js';
import type { CacheOptions, CacheRedisOptions } from './cache.options.js';
import { Idempotency } from './idempotency/idempotency.js';
import { MemoryIdempotencyStore } from './idempotency/memory-idempotency-store.js';
import { RedisIdempotencyStore } from './idempotency/redis-idempotency-store.js';
import { RedisAccess } from './redis/redis-access.js';

/** Cache and idempotency, ready for use. */
export interface OpenCache {
  answers: AnswerCache;
  idempotency: Idempotency;
}

/** Puts the parts together: in memory alone, or with Redis behind the memory. */
export function openCache(options: CacheOptions, log: LogWriter, metrics: CacheMetrics): OpenCache {
  const memory = new MemoryCacheStore({ ...options.answers, maxBytes: options.answers.memoryBytes });
  const keys = new MemoryIdempotencyStore({ maxBytes: options.idempotency.memoryBytes });
  metrics.watch({ answers: () => memory, keys: () => keys });
  if (!options.redis) {
    return {
      answers: new AnswerCache(memory, options.answers, metrics),
      idempotency: new Idempotency(keys, options.idempotency, metrics),
    };
  }
  const access = new RedisAccess(options.redis, metrics, log);
  const { isAnswer } = options.redis;
  const far = new RedisCacheStore(access, { ...options.answers, ...(isAnswer && { isAnswer }) });
  const store = new TieredCacheStore(memory, far);
  return {
    answers: new AnswerCache(store, options.answers, metrics, clusterFlight(options.redis, access)),
    idempotency: new Idempotency(new RedisIdempotencyStore(access), options.idempotency, metrics),
  };
}

function clusterFlight({ oncePerCluster }: CacheRedisOptions, access: RedisAccess): ClusterFlight | undefined {
  return oncePerCluster && new ClusterFlight(new RedisFlightLock(access, oncePerCluster.leaseMs), oncePerCluster);
}
