/** The embedded Postgres cannot run; the message is a sentence for operators that says what to do. */
export class EmbeddedPostgresError extends Error {
  readonly code = 'EMBEDDED_POSTGRES_FAILED';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EmbeddedPostgresError';
  }
}

/** The server runs and does not answer yet: it may be recovering from a crash, and would begin anew if it were stopped. */
export class StillStartingError extends EmbeddedPostgresError {
  constructor(path: string) {
    super(`The embedded Postgres in "${path}" runs and does not answer yet, and is waited for: see its log there`);
    this.name = 'StillStartingError';
  }
}

/** What an operator can always do instead. */
export const OR_SET_URL = 'or set POSTGRES_URL to use a Postgres of your own';
