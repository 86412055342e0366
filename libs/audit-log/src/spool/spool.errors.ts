import { RECORD_FORMAT } from '../audit-record.js';

/** Base of every reason for which a record is not on the spool; `code` is stable. */
export abstract class SpoolError extends Error {
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** As many bytes wait, on the disk or in memory, as may. */
export class SpoolFullError extends SpoolError {
  readonly code = 'SPOOL_FULL';
  constructor(
    waitingBytes: number,
    readonly maxBytes: number,
    where: 'on disk' | 'in memory',
  ) {
    super(`${waitingBytes} bytes of audit records wait ${where}, at most ${maxBytes} may.`);
  }
}

/** The disk refused the write, or refused one so shortly ago that it is not asked again yet. */
export class SpoolWriteError extends SpoolError {
  readonly code = 'SPOOL_WRITE_FAILED';
  constructor(cause: unknown) {
    super(`The audit spool cannot be written: ${cause instanceof Error ? cause.message : String(cause)}.`, { cause });
  }
}

/** The disk did not answer in time. Whether the record will be on it after all is not known. */
export class SpoolTimeoutError extends SpoolError {
  readonly code = 'SPOOL_TIMEOUT';
  constructor(readonly timeoutMs: number) {
    super(`The disk of the audit spool did not answer within ${timeoutMs} ms.`);
  }
}

/** One record is longer than a line of the spool may be. */
export class SpoolRecordTooLongError extends SpoolError {
  readonly code = 'SPOOL_RECORD_TOO_LONG';
  constructor(characters: number, maxCharacters: number) {
    super(`An audit record of ${characters} characters is longer than ${maxCharacters}.`);
  }
}

/** The spool is closed: the process is stopping. */
export class SpoolClosedError extends SpoolError {
  readonly code = 'SPOOL_CLOSED';
  constructor() {
    super('The audit spool is closed.');
  }
}

/** A spool was written by a newer Falcon, whose records this one does not understand. */
export class NewerSpoolError extends Error {
  constructor(format: number) {
    super(`Its records are of format ${format}, this Falcon knows formats up to ${RECORD_FORMAT}.`);
    this.name = 'NewerSpoolError';
  }
}
