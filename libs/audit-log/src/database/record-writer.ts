import { hash } from 'node:crypto';
import type { AuditObserver, OperationStatus } from '../audit-observer.js';
import { RECORD_FORMAT } from '../audit-record.js';
import type { AuditJob } from '../queue/audit-job.js';
import type { AuditDatabase } from './audit-database.js';
import { failureKind, sqlStateOf } from './database-failure.js';
import { NewerFormatError } from './database.errors.js';
import { createPartitions, partitionOf, type Partition } from './partitions.js';
import type { QueryClient } from './query-client.js';
import { INSERT_RECORDS, toJsonArray } from './record-rows.js';

/** What became of a job's records; those that were in the table before are in neither number. */
export interface Written {
  /** New rows. */
  written: number;
  /** Records set aside now. */
  deadLetters: number;
}

/** Months that one job may open; more is not a backlog but a clock gone wild, and its records are set aside. */
const MAX_NEW_PARTITIONS = 24;

/** Writes jobs into the table: one statement each, unless Postgres refuses one of the records. */
export class RecordWriter {
  constructor(
    private readonly database: AuditDatabase,
    private readonly observer: AuditObserver,
  ) {}

  /**
   * Resolves when every record of the job is in the table or set aside, committed. Doing it again does no harm.
   * @throws {DatabaseUnavailableError} when that is not possible now, whatever the reason, {BlockedJobError} when it is not
   * with these records; try again later.
   */
  async write(job: AuditJob, signal?: AbortSignal): Promise<Written> {
    if (job.format > RECORD_FORMAT) throw new NewerFormatError(job.format, RECORD_FORMAT);
    const startMs = performance.now();
    try {
      const written = await this.database.write((client) => new JobInsert(client, job).insert(), signal);
      this.report('success', startMs);
      if (written.written > 0) this.observer.onRowsWritten(written.written);
      if (written.deadLetters > 0) this.observer.onDeadLetters(written.deadLetters);
      return written;
    } catch (error) {
      this.report('error', startMs);
      throw error;
    }
  }

  private report(status: OperationStatus, startMs: number): void {
    this.observer.onDatabaseOperation('db_log_inference', status, (performance.now() - startMs) / 1000);
  }
}

/** The way of one job's records into the table. */
class JobInsert {
  private readonly records: readonly string[];
  private readonly format: number;

  constructor(
    private readonly client: QueryClient,
    job: AuditJob,
  ) {
    this.records = job.rows.split('\n');
    this.format = job.format;
  }

  /** Inserts the records at once; when Postgres refuses them, each half by itself, down to the one that it means. */
  async insert(records = this.records): Promise<Written> {
    try {
      return { written: await this.insertAll(records), deadLetters: 0 };
    } catch (error) {
      if (failureKind(error) !== 'row') throw error;
      if (records.length === 1) return { written: 0, deadLetters: await this.setAside(records[0] ?? '', error) };
    }
    const middle = records.length >> 1;
    const first = await this.insert(records.slice(0, middle));
    const second = await this.insert(records.slice(middle));
    return { written: first.written + second.written, deadLetters: first.deadLetters + second.deadLetters };
  }

  private async insertAll(records: readonly string[]): Promise<number> {
    const values = [toJsonArray(records)];
    try {
      return (await this.client.query(INSERT_RECORDS, values)).rowCount ?? 0;
    } catch (error) {
      if (!isMissingPartition(error) || !(await this.openMonths())) throw error;
      return (await this.client.query(INSERT_RECORDS, values)).rowCount ?? 0;
    }
  }

  /** Makes the partitions of all the job's months; false when they are too many to be true. */
  private async openMonths(): Promise<boolean> {
    const months = monthsOf(this.records);
    if (months.length > MAX_NEW_PARTITIONS) return false;
    return (await createPartitions(this.client, months)) !== undefined;
  }

  private async setAside(record: string, error: unknown): Promise<number> {
    // The message names the value of this row at most; the detail might quote another's.
    const { message } = error as Error;
    const { rowCount } = await this.client.query(
      `INSERT INTO inference_log_dead_letters (id, sqlstate, reason, format, record) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT DO NOTHING`,
      [hash('sha256', record), sqlStateOf(error), message, this.format, record.replaceAll('\0', '\\u0000')],
    );
    return rowCount ?? 0;
  }
}

/** A row for which there is no month violates no constraint that has a name. */
function isMissingPartition(error: unknown): boolean {
  return sqlStateOf(error) === '23514' && (error as { constraint?: string }).constraint === undefined;
}

function monthsOf(records: readonly string[]): Partition[] {
  const months = new Map<string, Partition>();
  for (const record of records) {
    const month = partitionOf(instantOf(record));
    if (month) months.set(month.name, month);
  }
  return [...months.values()];
}

function instantOf(record: string): Date {
  try {
    return new Date((JSON.parse(record) as { created_at: string }).created_at);
  } catch {
    return new Date(Number.NaN); // Postgres will refuse it when its turn comes
  }
}
