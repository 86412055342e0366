export type { BreakerBus, Opening } from './breaker/breaker-bus.js';
export type { BreakerOptions } from './breaker/breaker.options.js';
export type { BreakerState } from './breaker/breaker-state.js';
export type { BreakerStats } from './breaker/breaker-stats.js';
export { RedisBreakerBus } from './breaker/redis-breaker-bus.js';
export type { PublishingRedis, SubscribingRedis } from './breaker/redis-breaker-bus.js';
export type { Work } from './policy/bounded-attempt.js';
export type { BulkheadOptions } from './policy/bulkhead.js';
export { failureKind } from './policy/failure-kind.js';
export type { ClassifyFailure, FailureKind } from './policy/failure-kind.js';
export { Policies } from './policy/policies.js';
export type { PoliciesOptions } from './policy/policies.js';
export { Policy } from './policy/policy.js';
export type { PolicyStats } from './policy/policy.js';
export type { PolicyCall, PolicyOptions } from './policy/policy.options.js';
export type { PolicyObserver, RejectionReason, StateChange } from './policy/policy-observer.js';
export type { RetryOptions } from './policy/retry.js';
export { InjectPolicy, UsePolicy } from './policy/use-policy.decorator.js';
export type { CallBounds } from './policy/use-policy.decorator.js';
export {
  BulkheadFullError,
  CallCancelledError,
  CircuitOpenError,
  DeadlineExceededError,
  DependencyTimeoutError,
  ResilienceError,
  UnknownPolicyError,
} from './resilience.errors.js';
export { registerSharedCounters, ResilienceMetrics } from './resilience.metrics.js';
export type { SharedCounters } from './resilience.metrics.js';
export { ResilienceModule } from './resilience.module.js';
export type { ResilienceModuleOptions } from './resilience.module.js';
