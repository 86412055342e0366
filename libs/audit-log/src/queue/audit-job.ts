/** Name of the BullMQ queue between the API and the audit worker. */
export const AUDIT_QUEUE = 'falcon-audit';

/** Name of the jobs that carry records. */
export const RECORDS_JOB = 'records';

/** Name of the jobs that have the table looked after. */
export const MAINTENANCE_JOB = 'maintenance';

/** Many records on their way into the table. */
export interface AuditJob {
  /** Version of the records' members (RECORD_FORMAT when they were written). */
  format: number;
  /** How many records there are. */
  records: number;
  /** The records as JSON, one a line, without a line end after the last. */
  rows: string;
}

/** Bounds of one job: a job is closed by whichever it reaches first. */
export const MAX_JOB_RECORDS = 1000;
export const MAX_JOB_BYTES = 512 * 1024;
