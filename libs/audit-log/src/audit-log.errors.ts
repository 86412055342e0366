/** The answer cannot be recorded, and the operator wants no answer to leave without its record. */
export class AuditUnavailableError extends Error {
  readonly code = 'AUDIT_UNAVAILABLE';
  readonly retryAfterSeconds: number = 1;

  constructor(cause: unknown) {
    super('The answer cannot be recorded at present, and answers are not given without.', { cause });
    this.name = 'AuditUnavailableError';
  }
}
