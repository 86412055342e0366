/** The embedded Postgres cannot run; the message is a sentence for operators that says what to do. */
export class EmbeddedPostgresError extends Error {
  readonly code = 'EMBEDDED_POSTGRES_FAILED';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EmbeddedPostgresError';
  }
}

/** What an operator can always do instead. */
export const OR_SET_URL = 'or set POSTGRES_URL to use a Postgres of your own';
