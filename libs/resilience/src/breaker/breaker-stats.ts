import type { BreakerState } from './breaker-state.js';

/** What a breaker counted since the process began; late and ignored calls are in `total` only. */
export interface BreakerTotals {
  total: number;
  succeeded: number;
  failed: number;
  rejected: number;
  /** Failures that were timeouts. */
  timedOut: number;
  slow: number;
  stateChanges: number;
}

/** A breaker at one moment. */
export interface BreakerStats extends BreakerTotals {
  policy: string;
  state: BreakerState;
  timeInStateSeconds: number;
  consecutiveFailures: number;
  /** Seconds until an open breaker lets trials through; undefined in every other state. */
  retryAfterSeconds: number | undefined;
  /** The calls that rates are taken over. */
  window: { calls: number; failures: number; slow: number };
}
