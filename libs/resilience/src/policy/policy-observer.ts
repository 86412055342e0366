import type { BreakerState } from '../breaker/breaker-state.js';

/** Why a policy let nothing through. */
export type RejectionReason = 'bulkhead' | 'circuit_open' | 'deadline';

/** A change of a breaker's state, as logs and metrics show it. */
export interface StateChange {
  policy: string;
  /** The family of the policy, or the policy itself. */
  dependency: string;
  from: BreakerState;
  to: BreakerState;
  /** In words, e.g. `5 consecutive failures`. */
  reason: string;
}

/** Is told what policies do; every member is optional, and none may throw. */
export interface PolicyObserver {
  onStateChange?(change: StateChange): void;
  onRejected?(policy: string, reason: RejectionReason): void;
  /** An attempt is made again, the `attempt`-th in all, after `delayMs`. */
  onRetry?(policy: string, retry: { operation: string; attempt: number; delayMs: number; error: unknown }): void;
  /** A retry was due and the budget had none left. */
  onRetryBudgetEmpty?(policy: string, operation: string): void;
  /** Time ran out; `stage` is the policy's name or a stage of it. */
  onTimeout?(policy: string, stage: string): void;
  onFallback?(policy: string, error: unknown): void;
  /** One attempt ended, however it ended. */
  onAttempt?(policy: string, operation: string, seconds: number): void;
}
