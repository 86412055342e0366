import type { BreakerOptions } from '../breaker/breaker.options.js';
import type { Clock } from '../clock.js';
import type { BulkheadOptions } from './bulkhead.js';
import type { ClassifyFailure } from './failure-kind.js';
import type { PolicyObserver } from './policy-observer.js';
import type { RetryOptions } from './retry.js';
import type { Watch } from './watch.js';

/** How one dependency is called; every part is optional, and what is left out costs nothing. */
export interface PolicyOptions {
  bulkhead?: BulkheadOptions;
  /** Longest that one attempt may take, in ms; counts as a failure of the dependency. */
  timeoutMs?: number;
  retry?: RetryOptions;
  /** Operations that are retried, as their calls name them: counters that begin at 0. Default: the name of the dependency. */
  retried?: readonly string[];
  breaker?: BreakerOptions;
  /** Says which errors are no fault of the dependency. */
  classify?: ClassifyFailure;
  /** What it is called where time runs out; default: the name of the dependency. */
  stage?: string;
}

/** What bounds one call, and what answers instead when it fails. */
export interface PolicyCall<T> {
  /** `performance.now()` value after which the answer is worthless. */
  deadlineMs?: number | undefined;
  /** Aborted when nobody waits for the answer any more. */
  signal?: AbortSignal | undefined;
  /** True for what is refused last: it finds places in the bulkhead that others do not. */
  isUrgent?: boolean | undefined;
  /**
   * When a dependency that has a queue has begun with the call (`performance.now()`), undefined: not yet. The wait before it
   * is no slowness for the breaker. Default: when it was asked.
   */
  begunMs?: (() => number | undefined) | undefined;
  /** Name of the operation in metrics, one of a few; default: the name of the policy. */
  operation?: string | undefined;
  /** False for work that must not be done twice; default true. */
  idempotent?: boolean | undefined;
  /** Answers when the dependency cannot: after a failure or a refusal, not after a mistake of the caller. */
  fallback?: ((error: unknown) => T | Promise<T>) | undefined;
}

/** What a policy shares with others. */
export interface PolicyContext {
  observer?: PolicyObserver;
  clock?: Clock;
  watch?: Watch;
  /** What it is one of several policies for; default: its own name. */
  dependency?: string;
}

/** Operations that a dependency's policy may try again, as metrics name them. */
export function retriedBy(dependency: string, { retry, retried = [dependency] }: PolicyOptions): readonly string[] {
  return retry ? retried : [];
}
