/** The queue cannot be reached, or takes nothing at present; what was to be put on it stays on the spool. */
export class QueueUnavailableError extends Error {
  readonly code = 'QUEUE_UNAVAILABLE';

  constructor(cause: unknown) {
    super(`The queue is unavailable: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'QueueUnavailableError';
  }
}

/** A Redis has no room left for jobs, because workers need the rest to take any. */
export class FullRedisError extends Error {
  readonly code = 'FULL_REDIS';

  constructor({ used, most }: { used: number; most: number }, share: number) {
    super(
      `its memory is full: ${megabytes(used)} of ${megabytes(most)} MB are used, and jobs may fill ${share * 100} %: ` +
        'raise its maxmemory, or name another Redis with REDIS_QUEUE_URL',
    );
    this.name = 'FullRedisError';
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

/** A Redis answers and must not keep the queue; the message says what to do, and has no address. */
export class UnfitRedisError extends Error {
  readonly code = 'UNFIT_REDIS';

  constructor(complaint: string) {
    super(complaint);
    this.name = 'UnfitRedisError';
  }
}
