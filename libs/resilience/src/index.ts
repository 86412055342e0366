export type { BreakerBus, Opening } from './breaker/breaker-bus.js';
export { BreakerLog } from './breaker/breaker-log.js';
export type { BreakerOptions } from './breaker/breaker.options.js';
export type { BreakerState } from './breaker/breaker-state.js';
export type { BreakerStats } from './breaker/breaker-stats.js';
export { RedisBreakerBus } from './breaker/redis-breaker-bus.js';
export type { PublishingRedis, SubscribingRedis } from './breaker/redis-breaker-bus.js';
export { BoundedAttempt } from './policy/bounded-attempt.js';
export type { Work } from './policy/bounded-attempt.js';
export type { BulkheadOptions } from './policy/bulkhead.js';
export { failureKind } from './policy/failure-kind.js';
export type { ClassifyFailure, FailureKind } from './policy/failure-kind.js';
export { Policies } from './policy/policies.js';
export type { PoliciesOptions } from './policy/policies.js';
export { Policy } from './policy/policy.js';
export type { PolicyStats } from './policy/policy.js';
export { PolicyFamily } from './policy/policy-family.js';
export type { PolicyCall, PolicyOptions } from './policy/policy.options.js';
export type { PolicyObserver, RejectionReason, StateChange } from './policy/policy-observer.js';
export type { RetryOptions } from './policy/retry.js';
export { RetryLog } from './policy/retry-log.js';
export { InjectPolicy, InjectPolicyFamily, UsePolicy } from './policy/use-policy.decorator.js';
export type { CallBounds } from './policy/use-policy.decorator.js';
export { Watch } from './policy/watch.js';
export { MemoryRateLimiter } from './rate-limit/memory-rate-limiter.js';
export { rateLimitHeaders } from './rate-limit/rate-limit-headers.js';
export { RateLimitMetrics } from './rate-limit/rate-limit.metrics.js';
export { RateLimiter } from './rate-limit/rate-limiter.js';
export type { RateDecision, RateLimiterOptions, RateRule } from './rate-limit/rate-limiter.js';
export { RedisRateLimiter } from './rate-limit/redis-rate-limiter.js';
export type { SharedRateOptions } from './rate-limit/redis-rate-limiter.js';
export { reasonOf } from './reason-of.js';
export { isRedisFull, isRedisRefusal, isRedisUnwritable, redisFailure, redisSentence } from './redis-failure.js';
export { RedisScript } from './redis-script.js';
export type { ScriptingRedis } from './redis-script.js';
export {
  BulkheadFullError,
  CallCancelledError,
  CircuitOpenError,
  DeadlineExceededError,
  DependencyTimeoutError,
  ResilienceError,
  UnknownPolicyError,
} from './resilience.errors.js';
export { findOrRegister, ResilienceMetrics, sharedCounters } from './resilience.metrics.js';
export type { SharedCounters } from './resilience.metrics.js';
export { ResilienceModule } from './resilience.module.js';
export type { ResilienceModuleOptions } from './resilience.module.js';
export type { GradientLimitOptions } from './shedding/gradient-limit.js';
export { LoadShedder } from './shedding/load-shedder.js';
export type {
  LimitOptions,
  LoadShedderOptions,
  Outcome,
  Permit,
  Refusal,
  ShedReason,
} from './shedding/load-shedder.js';
export { Pressure } from './shedding/pressure.js';
export type { PressureOptions, PressureSource } from './shedding/pressure.js';
export { isPriority, PRIORITIES } from './shedding/priority.js';
export type { Priority } from './shedding/priority.js';
export { registerSheddingMetrics } from './shedding/shedding.metrics.js';
export { WorkCost } from './shedding/work-cost.js';
