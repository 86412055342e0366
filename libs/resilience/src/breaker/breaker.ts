import { SYSTEM_CLOCK, type Clock } from '../clock.js';
import { failureKind, type ClassifyFailure } from '../policy/failure-kind.js';
import { RollingCounts } from '../rolling-counts.js';
import { CircuitOpenError, DependencyTimeoutError, withoutStack } from '../resilience.errors.js';
import { withDefaults, type BreakerOptions } from './breaker.options.js';
import type { AdmittedCall, BreakerState, Phase } from './breaker-state.js';
import type { BreakerStats, BreakerTotals } from './breaker-stats.js';
import { Circuit, type Attempt } from './circuit.js';

/** What the rates are of: the calls of the last 10 s. */
const WINDOW_MS = 10_000;

const CALLS = 0;
const FAILURES = 1;
const SLOW = 2;

/** What a breaker is told besides its options. */
export interface BreakerContext {
  clock?: Clock;
  classify?: ClassifyFailure | undefined;
  onStateChange?: (from: BreakerState, to: BreakerState, reason: string) => void;
}

/**
 * Stops calling a dependency that does not answer, and finds out when it does again.
 * No timer: what time changes is found when the next call, or whoever reads the state, comes by.
 */
export class Breaker {
  private readonly options: Required<BreakerOptions>;
  private readonly clock: Clock;
  private readonly circuit: Circuit;
  private readonly counts: RollingCounts;
  private readonly totals: BreakerTotals;
  private phase: Phase = { state: 'closed', consecutiveFailures: 0 };
  /** Grows with every change of state: a result of an earlier state says nothing about this one. */
  private epoch = 0;
  private sinceMs: number;
  private succeededMs = -Infinity;

  constructor(
    readonly name: string,
    options: BreakerOptions = {},
    private readonly context: BreakerContext = {},
  ) {
    this.options = withDefaults(options);
    this.clock = context.clock ?? SYSTEM_CLOCK;
    this.sinceMs = this.clock.now();
    this.circuit = new Circuit(name, this.sinceMs, context.classify);
    this.counts = new RollingCounts(3, WINDOW_MS, this.sinceMs);
    this.totals = { total: 0, succeeded: 0, failed: 0, rejected: 0, timedOut: 0, slow: 0, stateChanges: 0 };
  }

  get state(): BreakerState {
    this.advance(this.clock.now());
    return this.phase.state;
  }

  /**
   * @param begunMs when the dependency has begun with it, undefined: not yet; left out: when the attempt starts
   * @throws {CircuitOpenError} when it lets nothing through; else whatever the attempt throws.
   */
  async run<T>(attempt: Attempt<T>, begunMs?: () => number | undefined): Promise<T> {
    const startedMs = this.clock.now();
    const call = this.admit(startedMs, begunMs);
    try {
      const value = await this.circuit.fire(attempt, startedMs);
      this.totals.succeeded++;
      this.succeededMs = this.clock.now();
      this.settle(call, false, workedMs(call, this.succeededMs), this.succeededMs);
      return value;
    } catch (error) {
      this.settleError(call, error);
      throw error;
    }
  }

  stats(): BreakerStats {
    const nowMs = this.clock.now();
    this.advance(nowMs);
    return {
      policy: this.name,
      state: this.phase.state,
      timeInStateSeconds: (nowMs - this.sinceMs) / 1000,
      ...this.totals,
      consecutiveFailures: this.phase.state === 'closed' ? this.phase.consecutiveFailures : 0,
      retryAfterSeconds: this.phase.state === 'open' ? this.retryAfterSeconds(nowMs) : undefined,
      window: this.window(nowMs),
    };
  }

  /** Closes it and forgets what led to its state; lifts a forced state, too. */
  reset(): void {
    this.enter({ state: 'closed', consecutiveFailures: 0 }, 'reset by hand');
  }

  /** Lets nothing through until `reset()`. */
  forceOpen(): void {
    this.enter({ state: 'forced_open' }, 'forced open by hand');
  }

  /** Lets everything through, whatever fails, until `reset()`. */
  forceClosed(): void {
    this.enter({ state: 'forced_closed' }, 'forced closed by hand');
  }

  /** Another replica's breaker has opened: believes it no further than to make trial calls at once. */
  probe(workerId: string): void {
    if (this.state === 'closed') this.halfOpen(`opened on ${workerId}`);
  }

  private admit(nowMs: number, begunMs: AdmittedCall['begunMs'] = () => nowMs): AdmittedCall {
    this.totals.total++;
    this.advance(nowMs);
    const { state } = this.phase; // opossum's own comes half-open by a timer of its own, after 24 days
    if (state === 'open' || state === 'forced_open') throw this.rejection(nowMs);
    const call = { startedMs: nowMs, begunMs, epoch: this.epoch };
    if (this.phase.state !== 'half_open') return call;
    if (this.phase.trials.length + this.phase.successes >= this.options.halfOpenCalls) throw this.rejection(nowMs);
    this.phase.trials.push(call);
    return call;
  }

  private rejection(nowMs: number): CircuitOpenError {
    this.totals.rejected++;
    return withoutStack(() => new CircuitOpenError(this.name, this.retryAfterSeconds(nowMs)));
  }

  private retryAfterSeconds(nowMs: number): number {
    if (this.phase.state === 'forced_open') return Math.ceil(this.options.openMs / 1000);
    return this.phase.state === 'open' ? Math.max(1, Math.ceil((this.phase.untilMs - nowMs) / 1000)) : 1;
  }

  /** Makes the changes that are due. */
  private advance(nowMs: number): void {
    const { phase } = this;
    if (phase.state === 'open' && nowMs >= phase.untilMs) {
      this.halfOpen('the open time is over');
    } else if (phase.state === 'half_open') {
      if (phase.trials.some((trial) => workedMs(trial, nowMs) >= this.options.trialTimeoutMs)) {
        this.open(nowMs, `a trial call was unanswered for ${this.options.trialTimeoutMs} ms`);
      }
    }
  }

  private settleError(call: AdmittedCall, error: unknown): void {
    const kind = failureKind(error, this.context.classify);
    const nowMs = this.clock.now();
    if (kind === 'failure') {
      this.totals.failed++;
      if (error instanceof DependencyTimeoutError) this.totals.timedOut++;
      this.settle(call, true, workedMs(call, nowMs), nowMs);
      return;
    }
    // A deadline that passed, whoever found it out: how the call would have ended is not known, but that it was slow.
    const lostMs = kind === 'refusal' ? this.lostMs(call, nowMs) : 0;
    if (lostMs >= this.options.slowCallMs) this.settle(call, false, lostMs, nowMs);
    else if (call.epoch === this.epoch) this.takeBack(call);
  }

  /** The wait counts, too, where nobody was answered since: a dependency that hangs has begun late with what waited behind. */
  private lostMs(call: AdmittedCall, nowMs: number): number {
    const begunMs = call.begunMs();
    if (begunMs === undefined) return 0;
    return nowMs - Math.min(begunMs, Math.max(call.startedMs, this.succeededMs));
  }

  private settle(call: AdmittedCall, failed: boolean, tookMs: number, nowMs: number): void {
    const slow = tookMs >= this.options.slowCallMs;
    if (slow) this.totals.slow++;
    if (call.epoch !== this.epoch) return;
    if (this.phase.state === 'closed') this.judge(failed, slow, nowMs);
    else if (this.phase.state === 'half_open') this.judgeTrial(call, failed || slow, nowMs);
  }

  private judge(failed: boolean, slow: boolean, nowMs: number): void {
    if (this.phase.state !== 'closed') return;
    const { failureThreshold, minimumCalls, failureRate, slowCallRate } = this.options;
    this.counts.add(CALLS, nowMs);
    if (failed) this.counts.add(FAILURES, nowMs);
    if (slow) this.counts.add(SLOW, nowMs);
    this.phase.consecutiveFailures = failed ? this.phase.consecutiveFailures + 1 : 0;
    if (!failed && !slow) return;
    const { calls, failures, slow: slowCalls } = this.window(nowMs);
    if (this.phase.consecutiveFailures >= failureThreshold) {
      this.open(nowMs, `${failureThreshold} consecutive failures`);
    } else if (calls >= minimumCalls && failures / calls >= failureRate) {
      this.open(nowMs, `${failures} of ${calls} calls failed`);
    } else if (calls >= minimumCalls && slowCalls / calls >= slowCallRate) {
      this.open(nowMs, `${slowCalls} of ${calls} calls took ${this.options.slowCallMs} ms or more`);
    }
  }

  private window(nowMs: number): BreakerStats['window'] {
    return {
      calls: this.counts.of(CALLS, nowMs),
      failures: this.counts.of(FAILURES, nowMs),
      slow: this.counts.of(SLOW, nowMs),
    };
  }

  private judgeTrial(trial: AdmittedCall, failed: boolean, nowMs: number): void {
    if (this.phase.state !== 'half_open') return;
    this.takeBack(trial);
    if (failed) this.open(nowMs, 'a trial call failed');
    else if (++this.phase.successes >= this.options.successThreshold) {
      this.enter({ state: 'closed', consecutiveFailures: 0 }, `${this.phase.successes} trial calls succeeded`);
    }
  }

  private takeBack(trial: AdmittedCall): void {
    if (this.phase.state === 'half_open') this.phase.trials = this.phase.trials.filter((other) => other !== trial);
  }

  private open(nowMs: number, reason: string): void {
    const { openMs, openJitter } = this.options;
    const lastsMs = openMs * (1 + openJitter * (2 * this.clock.random() - 1));
    this.enter({ state: 'open', untilMs: nowMs + lastsMs }, reason);
  }

  private halfOpen(reason: string): void {
    this.enter({ state: 'half_open', trials: [], successes: 0 }, reason);
  }

  private enter(phase: Phase, reason: string): void {
    const from = this.phase.state;
    this.phase = phase;
    this.epoch++;
    this.sinceMs = this.clock.now();
    this.counts.clear();
    if (phase.state === 'open' || phase.state === 'forced_open') this.circuit.open();
    else this.circuit.close();
    if (from === phase.state) return;
    this.totals.stateChanges++;
    this.context.onStateChange?.(from, phase.state, reason);
  }
}

/** Time in the dependency's queue is no slowness of its: 0 while it has not begun. */
function workedMs({ begunMs }: AdmittedCall, nowMs: number): number {
  return nowMs - (begunMs() ?? nowMs);
}
