import type { Clock } from '../clock.js';
import { RollingCounts } from '../rolling-counts.js';

/** How often, and how patiently, a failed attempt is made again. */
export interface RetryOptions {
  /** Attempts in all; default 3. */
  maxAttempts?: number;
  /** Pause before the second attempt, in ms; default 100. */
  baseDelayMs?: number;
  /** Longest pause, in ms; default 5 s. */
  maxDelayMs?: number;
  /** Each pause is so many times the last one; default 2. */
  factor?: number;
  /** Pauses vary by this share up and down, so that callers do not come back in step; default 0.5. */
  jitter?: number;
  /** Retries that the budget allows in 10 s however few calls there were; default 3. */
  budgetMinimum?: number;
}

const DEFAULTS: Required<RetryOptions> = {
  maxAttempts: 3,
  baseDelayMs: 100,
  maxDelayMs: 5000,
  factor: 2,
  jitter: 0.5,
  budgetMinimum: 3,
};

/** At most this share of the calls of the window is tried again. */
const BUDGET_RATIO = 0.1;
const BUDGET_WINDOW_MS = 10_000;

const CALLS = 0;
const RETRIES = 1;

/** Errors that some policy has given up on: whoever called it does not multiply its attempts. */
const givenUpOn = new WeakSet<object>();

/** What the pause before the next attempt depends on. */
export interface FailedAttempt {
  error: unknown;
  /** Number of the attempt that failed, from 1. */
  attempt: number;
  /** When the next attempt would come too late. */
  latestStartMs: number;
}

/** Decides whether and when a failed attempt is made again. */
export class Retry {
  private readonly options: Required<RetryOptions>;
  private readonly counts: RollingCounts;

  constructor(
    options: RetryOptions,
    private readonly clock: Clock,
  ) {
    this.options = { ...DEFAULTS, ...options };
    this.counts = new RollingCounts(2, BUDGET_WINDOW_MS, clock.now());
  }

  /** A call begins; the budget grows. */
  begin(nowMs: number): void {
    this.counts.add(CALLS, nowMs);
  }

  /** Marks an error as final, so that no policy further out tries again. */
  giveUp(error: unknown): void {
    if (typeof error === 'object' && error !== null) givenUpOn.add(error);
  }

  /** The pause before the next attempt in ms, or why there is none. */
  next({ error, attempt, latestStartMs }: FailedAttempt): number | 'final' | 'budget' {
    const { maxAttempts } = this.options;
    if (attempt >= maxAttempts || (typeof error === 'object' && error !== null && givenUpOn.has(error))) return 'final';
    const nowMs = this.clock.now();
    const delayMs = this.delayMs(error, attempt);
    if (delayMs === undefined || nowMs + delayMs >= latestStartMs) return 'final';
    if (!this.hasBudget(nowMs)) return 'budget';
    this.counts.add(RETRIES, nowMs);
    return delayMs;
  }

  private delayMs(error: unknown, attempt: number): number | undefined {
    const { baseDelayMs, maxDelayMs, factor, jitter } = this.options;
    const backoffMs = Math.min(maxDelayMs, baseDelayMs * factor ** (attempt - 1));
    const jitteredMs = Math.min(maxDelayMs, backoffMs * (1 + jitter * (2 * this.clock.random() - 1)));
    const askedMs = retryAfterMs(error);
    if (askedMs > maxDelayMs) return undefined; // asked for more patience than we have
    return Math.max(jitteredMs, askedMs);
  }

  private hasBudget(nowMs: number): boolean {
    const { budgetMinimum } = this.options;
    const allowed = Math.max(budgetMinimum, Math.floor(this.counts.of(CALLS, nowMs) * BUDGET_RATIO));
    return this.counts.of(RETRIES, nowMs) < allowed;
  }
}

function retryAfterMs(error: unknown): number {
  const seconds = (error as { retryAfterSeconds?: unknown } | null | undefined)?.retryAfterSeconds;
  return typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : 0;
}
