/** The states of a breaker; the forced ones last until they are lifted. */
export const BREAKER_STATES = ['closed', 'open', 'half_open', 'forced_open', 'forced_closed'] as const;
export type BreakerState = (typeof BREAKER_STATES)[number];

/** What metrics show of a state: 0 closed, 1 open, 2 half-open. */
export function stateNumber(state: BreakerState): 0 | 1 | 2 {
  if (state === 'half_open') return 2;
  return state === 'open' || state === 'forced_open' ? 1 : 0;
}

/** What a breaker remembers of its present state. */
export type Phase =
  | { state: 'closed'; consecutiveFailures: number }
  | { state: 'open'; untilMs: number }
  | { state: 'half_open'; trials: AdmittedCall[]; successes: number }
  | { state: 'forced_open' }
  | { state: 'forced_closed' };

/** A call that a breaker let through. */
export interface AdmittedCall {
  startedMs: number;
  /** When the dependency has begun with it; undefined: it still waits there. */
  begunMs: () => number | undefined;
  /** Of the state that it began in. */
  epoch: number;
}
