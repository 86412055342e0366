/** A caller's deadline passed while it waited for a computation, which goes on for others. */
export class SharedWaitExpiredError extends Error {
  override readonly name = 'SharedWaitExpiredError';
  readonly code = 'DEADLINE_EXCEEDED';
  readonly stage = 'cache';
  constructor() {
    super('The deadline passed in stage "cache".');
  }
}
