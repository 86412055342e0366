/** The queue cannot be reached, or takes nothing at present; what was to be put on it stays on the spool. */
export class QueueUnavailableError extends Error {
  readonly code = 'QUEUE_UNAVAILABLE';

  constructor(cause: unknown) {
    super(`The queue is unavailable: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'QueueUnavailableError';
  }
}

/** A Redis answers and must not keep the queue; the message says what to do, and has no address. */
export class UnfitRedisError extends Error {
  readonly code = 'UNFIT_REDIS';

  constructor(complaint: string) {
    super(complaint);
    this.name = 'UnfitRedisError';
  }
}
