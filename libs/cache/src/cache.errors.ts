/** Base of every failure this library reports; `code` is stable, the app turns it into an HTTP status. */
export abstract class CacheError extends Error {
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** A caller's deadline passed while it waited for a computation, which goes on for others. */
export class SharedWaitExpiredError extends CacheError {
  readonly code = 'DEADLINE_EXCEEDED';
  readonly stage = 'cache';
  constructor() {
    super('The deadline passed in stage "cache".');
  }
}
