import {
  BulkheadFullError,
  CallCancelledError,
  CircuitOpenError,
  DeadlineExceededError,
} from '../resilience.errors.js';

/**
 * What a failure says about the dependency.
 * `failure`: it is not well: counts against the breaker, is tried again, may be answered by a fallback.
 * `refusal`: nothing was attempted: does not count, is not tried again (whoever refuses is busy), may be answered by a fallback.
 * `caller`: the caller's own doing (invalid input, cancellation): does not count, is not tried again, has no fallback.
 */
export type FailureKind = 'failure' | 'refusal' | 'caller';

/** Tells the kinds apart for errors that this library does not know; undefined leaves it to the default, `failure`. */
export type ClassifyFailure = (error: unknown) => FailureKind | undefined;

/** The kind of an error: what the policy's owner says, else what this library knows of its own errors and of aborts. */
export function failureKind(error: unknown, classify?: ClassifyFailure): FailureKind {
  if (error instanceof CallCancelledError) return 'caller';
  if (error instanceof BulkheadFullError || error instanceof CircuitOpenError) return 'refusal';
  if (error instanceof DeadlineExceededError) return 'refusal';
  const known = classify?.(error);
  if (known) return known;
  return error instanceof Error && error.name === 'AbortError' ? 'caller' : 'failure';
}
