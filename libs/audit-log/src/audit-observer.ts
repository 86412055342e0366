/** Operations on the database, as the metrics label them. */
export const DATABASE_OPERATIONS = ['db_log_inference', 'db_maintain_partitions'] as const;
export type DatabaseOperation = (typeof DATABASE_OPERATIONS)[number];

/** Outcome of a database operation, as the metric has it. */
export type OperationStatus = 'success' | 'error';

/** What the library reports as it happens; the metrics are one observer, tests are others. */
export interface AuditObserver {
  /** Records that an answer left without, because the spool was full, failed or took too long. */
  onDropped(records: number): void;
  /** Records that one write put on the spool, and how long it took with its sync. */
  onSpooled(records: number, seconds: number): void;
  /** Lines of a spool that fail their checksum and were stepped over. */
  onCorrupt(lines: number): void;
  /** A job was put on the queue; `again` when the queue had lost it. */
  onShipped(records: number, again: boolean): void;
  /** Rows that one insert put into the table, duplicates not counted. */
  onRowsWritten(rows: number): void;
  /** Records set aside because Postgres refuses them. */
  onDeadLetters(records: number): void;
  /** A database operation ended. */
  onDatabaseOperation(operation: DatabaseOperation, status: OperationStatus, seconds: number): void;
  /** A database operation is tried again. */
  onRetry(operation: DatabaseOperation): void;
}
