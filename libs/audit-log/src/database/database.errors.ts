/** The rows cannot be written or read now; trying again later is right. The message is a sentence for operators, without secrets. */
export class DatabaseUnavailableError extends Error {
  readonly code: string = 'DATABASE_UNAVAILABLE';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DatabaseUnavailableError';
  }
}

/** The table is not one that this version can write to; the message says what to do. */
export class SchemaMismatchError extends DatabaseUnavailableError {
  override readonly code = 'SCHEMA_MISMATCH';

  constructor(message: string) {
    super(message);
    this.name = 'SchemaMismatchError';
  }
}

/** One job cannot be written now although the database is well: others need not wait behind it. */
export class BlockedJobError extends Error {
  readonly code: string = 'JOB_BLOCKED';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BlockedJobError';
  }
}

/** The records were written by a newer Falcon than this one. */
export class NewerFormatError extends BlockedJobError {
  override readonly code = 'NEWER_RECORD_FORMAT';

  constructor(format: number, known: number) {
    super(
      `Records of format ${format} wait in the queue and this Falcon knows formats up to ${known}: ` +
        'run the newer Falcon, which writes them; they are kept until then',
    );
    this.name = 'NewerFormatError';
  }
}
