import { toMs } from '@app/ops';
import type { BreakerOptions, BulkheadOptions, LimitOptions, RateRule, RetryOptions } from '@app/resilience';
import type { Environment } from './environment.js';

/** Micro-batches make a request wait for the one before: that is no overload. */
const SHEDDING_TOLERATED_MS = 10;

/** How requests are limited and dependencies are called. */
export interface ResilienceConfig {
  /** Redis of cache, rate limits and breaker openings; without it each process has its own. */
  sharedRedisUrl: string | undefined;
  /** Undefined: there is no limit. */
  rateLimit: RateRule | undefined;
  /** Rules of single tenants. */
  rateLimitOverrides: Readonly<Record<string, RateRule>>;
  loadShedding: { limit: LimitOptions | undefined; status: 429 | 503 };
  /** Of each model. */
  modelBulkhead: BulkheadOptions;
  redisBulkhead: BulkheadOptions;
  /** Of what is worth it; undefined: nothing is tried again. */
  retry: RetryOptions | undefined;
  /** Of each model; undefined: no dependency has a breaker. */
  breaker: BreakerOptions | undefined;
  isCircuitForcedOpen: boolean;
  /** Whether this process begins in maintenance. */
  isInMaintenance: boolean;
}

/** The part of the configuration that is about resilience. */
export function toResilienceConfig(env: Environment): ResilienceConfig {
  return {
    sharedRedisUrl: env.REDIS_URL,
    rateLimit: env.RATE_LIMIT_ENABLED
      ? { perSecond: env.RATE_LIMIT_PER_MINUTE / 60, burst: env.RATE_LIMIT_BURST }
      : undefined,
    rateLimitOverrides: env.RATE_LIMIT_OVERRIDES,
    loadShedding: { limit: limitOf(env), status: Number(env.LOAD_SHEDDING_STATUS) as 429 | 503 },
    modelBulkhead: {
      maxConcurrent: env.BULKHEAD_MODEL_MAX_CONCURRENT,
      maxWaiting: env.BULKHEAD_MODEL_MAX_WAITING,
      maxWaitMs: env.BULKHEAD_MODEL_MAX_WAIT_MS,
    },
    redisBulkhead: { maxConcurrent: env.BULKHEAD_REDIS_MAX_CONCURRENT },
    retry: env.RETRY_ENABLED
      ? {
          maxAttempts: env.RETRY_MAX_ATTEMPTS,
          baseDelayMs: env.RETRY_BASE_DELAY_MS,
          maxDelayMs: env.RETRY_MAX_DELAY_MS,
          factor: env.RETRY_EXPONENTIAL_BASE,
        }
      : undefined,
    breaker: env.CIRCUIT_BREAKER_ENABLED
      ? {
          failureThreshold: env.CIRCUIT_BREAKER_FAILURE_THRESHOLD,
          openMs: toMs(env.CIRCUIT_BREAKER_TIMEOUT_SECONDS),
          halfOpenCalls: env.CIRCUIT_BREAKER_HALF_OPEN_ATTEMPTS,
          // Where there is one trial call alone, its success has to do.
          successThreshold: Math.min(2, env.CIRCUIT_BREAKER_HALF_OPEN_ATTEMPTS),
          slowCallMs: toMs(env.CIRCUIT_BREAKER_SLOW_CALL_SECONDS),
        }
      : undefined,
    isCircuitForcedOpen: env.CIRCUIT_OPEN === '1',
    isInMaintenance: env.MAINTENANCE_MODE,
  };
}

function limitOf(env: Environment): LimitOptions | undefined {
  const options = {
    minLimit: env.LOAD_SHEDDING_MIN_LIMIT,
    maxLimit: env.LOAD_SHEDDING_MAX_LIMIT,
    toleratedMs: SHEDDING_TOLERATED_MS,
  };
  const limits: Record<Environment['LOAD_SHEDDING'], LimitOptions | undefined> = {
    adaptive: { kind: 'adaptive', options },
    static: { kind: 'fixed', maxInflight: env.MAX_INFLIGHT },
    off: undefined,
  };
  return limits[env.LOAD_SHEDDING];
}
