/** Base of every failure this library reports; `code` is stable, the app turns it into an HTTP status. */
export abstract class ResilienceError extends Error {
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/**
 * Makes the error of a refusal without a stack: under overload there are thousands a second, all from the same line, and
 * the stack would be most of what refusing costs.
 */
export function withoutStack<E extends ResilienceError>(make: () => E): E {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** As many calls run and wait as may; nothing was attempted. */
export class BulkheadFullError extends ResilienceError {
  readonly code = 'BULKHEAD_FULL';
  /** Seconds after which a place is likely to be free. */
  readonly retryAfterSeconds = 1;

  constructor(
    readonly policy: string,
    running: number,
    waiting: number,
  ) {
    super(`"${policy}" takes no more calls: ${running} run and ${waiting} wait.`);
  }
}

/** The caller's deadline passed, or so little of it is left that the work was not begun. */
export class DeadlineExceededError extends ResilienceError {
  readonly code = 'DEADLINE_EXCEEDED';

  constructor(
    /** Where the time ran out: `<policy>.bulkhead`, `<policy>.retry`, or the name of the policy itself. */
    readonly stage: string,
    /** What was left of it when this was found out, in ms; negative when it had passed. */
    readonly remainingMs: number,
  ) {
    super(
      remainingMs > 0
        ? `The deadline leaves ${Math.round(remainingMs)} ms, too few for stage "${stage}".`
        : `The deadline passed in stage "${stage}".`,
    );
  }
}

/** The dependency did not answer within the time that its policy allows one attempt. */
export class DependencyTimeoutError extends ResilienceError {
  readonly code = 'DEPENDENCY_TIMEOUT';

  constructor(
    /** Name of the policy. */
    readonly stage: string,
    timeoutMs: number,
    options?: ErrorOptions,
  ) {
    super(`"${stage}" did not answer within ${timeoutMs} ms.`, options);
  }
}

/** The breaker is open, or half-open with all its trial calls under way; nothing was attempted. */
export class CircuitOpenError extends ResilienceError {
  readonly code = 'CIRCUIT_OPEN';

  constructor(
    readonly policy: string,
    /** Seconds until the breaker lets a call through, at least 1. */
    readonly retryAfterSeconds: number,
  ) {
    super(`The circuit of "${policy}" is open; it may close in ${retryAfterSeconds} s.`);
  }
}

/** The caller's signal aborted: nobody waits for the answer any more. */
export class CallCancelledError extends ResilienceError {
  readonly code = 'REQUEST_CANCELLED';

  constructor(policy: string) {
    super(`The call of "${policy}" was cancelled by its caller.`);
  }
}

/** A policy was injected or asked for by a name that nobody configured. */
export class UnknownPolicyError extends ResilienceError {
  readonly code = 'UNKNOWN_POLICY';

  constructor(policy: string, known: readonly string[]) {
    super(`There is no policy "${policy}"; configured are: ${known.join(', ') || 'none'}.`);
  }
}
