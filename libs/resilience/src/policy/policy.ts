import { Breaker } from '../breaker/breaker.js';
import { SYSTEM_CLOCK, type Clock } from '../clock.js';
import {
  BulkheadFullError,
  CallCancelledError,
  CircuitOpenError,
  DeadlineExceededError,
  DependencyTimeoutError,
} from '../resilience.errors.js';
import { BoundedAttempt, type Work } from './bounded-attempt.js';
import { Bulkhead } from './bulkhead.js';
import { failureKind } from './failure-kind.js';
import { retriedBy, type PolicyCall, type PolicyContext, type PolicyOptions } from './policy.options.js';
import type { PolicyObserver } from './policy-observer.js';
import { Retry } from './retry.js';
import { ShortestTime } from './shortest-time.js';
import { Watch } from './watch.js';

/**
 * How one dependency is called, in this order: bulkhead, deadline, retry, breaker, fallback.
 * A successful call costs some 2 us with all of them; see docs/resilience.md.
 */
export class Policy {
  /** For operators: stats, reset, forced states. */
  readonly breaker: Breaker | undefined;
  /** What operations and most metrics call it: the name of its family if it has one. */
  readonly dependency: string;
  /** What it is called where time ran out. */
  readonly stage: string;
  /** Operations that it may try again. */
  readonly retried: readonly string[];
  private readonly observer: PolicyObserver;
  private readonly clock: Clock;
  private readonly watch: Watch;
  private readonly bulkhead: Bulkhead | undefined;
  private readonly retry: Retry | undefined;
  private readonly shortest = new ShortestTime();

  constructor(
    readonly name: string,
    private readonly options: PolicyOptions,
    { observer = {}, clock = SYSTEM_CLOCK, watch, dependency = name }: PolicyContext = {},
  ) {
    const { bulkhead, retry, breaker, classify, stage = dependency } = options;
    this.dependency = dependency;
    this.stage = stage;
    this.retried = retriedBy(dependency, options);
    this.observer = observer;
    this.clock = clock;
    this.watch = watch ?? new Watch(() => clock.now());
    this.bulkhead = bulkhead && new Bulkhead(stage, bulkhead, this.watch, () => clock.now());
    this.retry = retry && new Retry(retry, clock);
    this.breaker =
      breaker &&
      new Breaker(name, breaker, {
        clock,
        classify,
        onStateChange: (from, to, reason) => observer.onStateChange?.({ policy: name, dependency, from, to, reason }),
      });
  }

  /**
   * Runs the work. It gets a signal that aborts when the time is over or the caller has left; the call ends then, whether
   * or not the work does.
   * @throws {ResilienceError} or what the work throws
   */
  execute<T>(work: Work<T>, call: PolicyCall<T> = {}): Promise<T> {
    const { bulkhead } = this;
    if (!bulkhead || bulkhead.tryEnter(call.isUrgent)) return this.run(work, call);
    const { deadlineMs = Infinity, signal, isUrgent } = call;
    return bulkhead.enter({ deadlineMs, signal, isUrgent }).then(
      () => this.run(work, call),
      (error: unknown) => this.afterFailure(error, call),
    );
  }

  /** Longest that one attempt may take; Infinity when nothing limits it. */
  get timeoutMs(): number {
    return this.options.timeoutMs ?? Infinity;
  }

  /** Calls that have a place in the bulkhead. */
  get running(): number {
    return this.bulkhead?.running ?? 0;
  }

  /** Calls that wait for one. */
  get waiting(): number {
    return this.bulkhead?.waiting ?? 0;
  }

  /** From the bulkhead on. One asynchronous frame for all of it: another is made, and waited for, in every call. */
  private async run<T>(work: Work<T>, call: PolicyCall<T>): Promise<T> {
    let failure: unknown;
    try {
      let startedMs = this.clock.now();
      this.retry?.begin(startedMs);
      for (let attempt = 1; ; attempt++) {
        this.refuseIfTooLate(call, startedMs, attempt);
        try {
          const value = await this.attempt(work, call, startedMs);
          const tookMs = this.clock.now() - startedMs;
          this.shortest.add(tookMs);
          this.observer.onAttempt?.(this.dependency, call.operation ?? this.dependency, tookMs / 1000);
          return value;
        } catch (error) {
          this.reportAttempt(error, call, startedMs);
          const delayMs = this.delayAfter(error, call, attempt);
          if (delayMs === undefined) throw error;
          await this.pause(delayMs, call.signal);
          startedMs = this.clock.now();
        }
      }
    } catch (error) {
      failure = error;
    } finally {
      this.bulkhead?.leave();
    }
    return this.afterFailure(failure, call);
  }

  private attempt<T>(work: Work<T>, call: PolicyCall<T>, startedMs: number): Promise<T> {
    const { timeoutMs } = this;
    const { deadlineMs = Infinity, signal, begunMs } = call;
    const bounded = new BoundedAttempt(work, {
      dueMs: Math.min(startedMs + timeoutMs, deadlineMs),
      signal,
      watch: this.watch,
      lapsed: (cause, nowMs) => {
        if (cause === 'cancelled') return new CallCancelledError(this.dependency);
        if (nowMs - startedMs >= timeoutMs) return new DependencyTimeoutError(this.stage, timeoutMs);
        return new DeadlineExceededError(this.stage, deadlineMs - nowMs);
      },
    });
    return this.breaker ? this.breaker.run(bounded, begunMs) : bounded.start();
  }

  private refuseIfTooLate<T>({ deadlineMs, signal }: PolicyCall<T>, nowMs: number, attempt: number): void {
    if (signal?.aborted) throw new CallCancelledError(this.dependency);
    if (deadlineMs === undefined) return;
    const remainingMs = deadlineMs - nowMs;
    if (remainingMs <= 0 || this.shortest.exceeds(remainingMs)) {
      throw new DeadlineExceededError(attempt === 1 ? this.stage : `${this.stage}.retry`, remainingMs);
    }
  }

  /** The pause before the next attempt, or undefined when this error is the last word. */
  private delayAfter<T>(error: unknown, call: PolicyCall<T>, attempt: number): number | undefined {
    const { retry } = this;
    if (!retry || call.idempotent === false) return undefined;
    if (failureKind(error, this.options.classify) !== 'failure') return undefined;
    const latestStartMs = (call.deadlineMs ?? Infinity) - this.shortest.ms;
    const next = retry.next({ error, attempt, latestStartMs });
    const operation = call.operation ?? this.dependency;
    if (typeof next === 'number') {
      this.observer.onRetry?.(this.dependency, { operation, attempt: attempt + 1, delayMs: next, error });
      return next;
    }
    if (next === 'budget') this.observer.onRetryBudgetEmpty?.(this.dependency, operation);
    retry.giveUp(error);
    return undefined;
  }

  private async pause(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.watch.add({
        dueMs: this.clock.now() + delayMs,
        signal,
        lapse: (cause) => (cause === 'time' ? resolve() : reject(new CallCancelledError(this.dependency))),
      });
    });
  }

  private reportAttempt<T>(error: unknown, call: PolicyCall<T>, startedMs: number): void {
    if (error instanceof CircuitOpenError && error.policy === this.name) return; // nothing was attempted
    const tookMs = this.clock.now() - startedMs;
    this.observer.onAttempt?.(this.dependency, call.operation ?? this.dependency, tookMs / 1000);
    if (error instanceof DependencyTimeoutError && error.stage === this.stage) {
      this.observer.onTimeout?.(this.dependency, error.stage);
    }
  }

  private afterFailure<T>(error: unknown, { fallback }: PolicyCall<T>): T | Promise<T> {
    if (error instanceof DeadlineExceededError && error.stage.split('.')[0] === this.stage) {
      this.observer.onTimeout?.(this.dependency, error.stage);
      if (error.remainingMs > 0) this.observer.onRejected?.(this.dependency, 'deadline');
    } else if (error instanceof BulkheadFullError && error.policy === this.stage) {
      this.observer.onRejected?.(this.dependency, 'bulkhead');
    } else if (error instanceof CircuitOpenError && error.policy === this.name) {
      this.observer.onRejected?.(this.dependency, 'circuit_open');
    }
    if (!fallback || failureKind(error, this.options.classify) === 'caller') throw error;
    this.observer.onFallback?.(this.dependency, error);
    return fallback(error);
  }
}
