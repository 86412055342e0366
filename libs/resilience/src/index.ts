export { jittered } from './backoff.js';
export type { BreakerBus } from './breaker/breaker-bus.js';
export { BreakerLog } from './breaker/breaker-log.js';
export type { BreakerOptions } from './breaker/breaker.options.js';
export { BREAKER_STATES } from './breaker/breaker-state.js';
export type { BreakerStats } from './breaker/breaker-stats.js';
export { RedisBreakerBus } from './breaker/redis-breaker-bus.js';
export type { LogWriter } from './log-writer.js';
export { BoundedAttempt } from './policy/bounded-attempt.js';
export type { BulkheadOptions } from './policy/bulkhead.js';
export type { ClassifyFailure, FailureKind } from './policy/failure-kind.js';
export { Policies } from './policy/policies.js';
export { Policy } from './policy/policy.js';
export { PolicyFamily } from './policy/policy-family.js';
export type { PolicyOptions } from './policy/policy.options.js';
export type { RetryOptions } from './policy/retry.js';
export { RetryLog } from './policy/retry-log.js';
export { InjectPolicy, InjectPolicyFamily, UsePolicy } from './policy/use-policy.decorator.js';
export type { CallBounds } from './policy/use-policy.decorator.js';
export { Watch } from './policy/watch.js';
export { MemoryRateLimiter } from './rate-limit/memory-rate-limiter.js';
export { rateLimitHeaders } from './rate-limit/rate-limit-headers.js';
export { RateLimitMetrics } from './rate-limit/rate-limit.metrics.js';
export { RateLimiter } from './rate-limit/rate-limiter.js';
export type { RateDecision, RateRule } from './rate-limit/rate-limiter.js';
export { RedisRateLimiter } from './rate-limit/redis-rate-limiter.js';
export { reasonOf } from './reason-of.js';
export {
  isRedisFull,
  isRedisReadOnly,
  isRedisRefusal,
  isRedisUnwritable,
  redisFailure,
  redisSentence,
} from './redis-failure.js';
export { RedisScript } from './redis-script.js';
export { CallCancelledError, CircuitOpenError, DependencyTimeoutError, ResilienceError } from './resilience.errors.js';
export { ResilienceMetrics } from './resilience.metrics.js';
export { ResilienceModule } from './resilience.module.js';
export { findOrRegister, sharedCounters } from './shared-metrics.js';
export { LoadShedder } from './shedding/load-shedder.js';
export type { LimitOptions, Permit, Refusal } from './shedding/load-shedder.js';
export { Pressure } from './shedding/pressure.js';
export { isPriority, PRIORITIES } from './shedding/priority.js';
export type { Priority } from './shedding/priority.js';
export { registerSheddingMetrics } from './shedding/shedding.metrics.js';
export { WorkCost } from './shedding/work-cost.js';
