import { sharedCounters } from '@app/resilience';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import {
  DATABASE_OPERATIONS,
  type AuditObserver,
  type DatabaseOperation,
  type OperationStatus,
} from './audit-observer.js';

const OPERATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const WRITE_BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1];
const GROUP_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256];
const JOB_BUCKETS = [1, 10, 50, 100, 250, 500, 1000];

const OPERATION_STATUSES: OperationStatus[] = ['success', 'error'];

/** State that is read at each scrape. */
export interface AuditGauges {
  spool: () => { records: number; bytes: number; maxBytes: number };
  /** Age of the oldest record that is not known to be in the table, in seconds; 0 when there is none. */
  lagSeconds: () => number;
  /** Connections of the database pool, and those of them that are idle; undefined while there is no pool. */
  pool: () => { size: number; idle: number } | undefined;
}

/** Counts what the audit log reports, and reads its gauges at each scrape. */
export class AuditMetrics implements AuditObserver {
  private readonly dropped: Counter;
  private readonly corrupt: Counter;
  private readonly resent: Counter;
  private readonly shipped: Counter;
  private readonly rows: Counter;
  private readonly deadLetters: Counter;
  private readonly groupSize: Histogram;
  private readonly writeSeconds: Histogram;
  private readonly jobSize: Histogram;
  private readonly operations: Counter<'operation' | 'status'>;
  private readonly operationSeconds: Histogram<'operation'>;
  private readonly retries: Counter<'operation'>;

  constructor(private readonly registry: Registry) {
    const registers = [registry];
    const counter = (name: string, help: string): Counter => new Counter({ name, help, registers });
    const histogram = (name: string, help: string, buckets: number[]): Histogram =>
      new Histogram({ name, help, buckets, registers });
    this.dropped = counter('dropped_logs_total', 'Answers that left without an audit record');
    this.corrupt = counter('audit_spool_corrupt_lines_total', 'Lines of a spool that failed their checksum');
    this.resent = counter('audit_jobs_resent_total', 'Jobs that the queue had lost and was given again');
    this.shipped = counter('audit_records_shipped_total', 'Records put on the queue');
    this.rows = counter('audit_rows_written_total', 'Rows written to inference_logs');
    this.deadLetters = counter('audit_dead_letters_total', 'Records that Postgres refused and that were set aside');
    this.groupSize = histogram('audit_spool_group_size', 'Records that one write put on the spool', GROUP_BUCKETS);
    this.writeSeconds = histogram('audit_spool_write_seconds', 'Time of one write to the spool', WRITE_BUCKETS);
    this.jobSize = histogram('audit_batch_size', 'Records in one job', JOB_BUCKETS);
    this.operations = new Counter({
      name: 'db_operations_total',
      help: 'Operations on the database',
      labelNames: ['operation', 'status'],
      registers,
    });
    this.operationSeconds = new Histogram({
      name: 'db_operation_duration_seconds',
      help: 'Time of operations on the database',
      labelNames: ['operation'],
      buckets: OPERATION_BUCKETS,
      registers,
    });
    this.retries = sharedCounters(registry).retries;
    for (const operation of DATABASE_OPERATIONS) {
      OPERATION_STATUSES.forEach((status) => this.operations.inc({ operation, status }, 0));
      this.operationSeconds.zero({ operation });
      this.retries.inc({ operation }, 0);
    }
  }

  /** Registers the gauges that show the state of the audit log. */
  watch(gauges: AuditGauges): void {
    this.gauge('audit_spool_records', 'Records on the spool that are not known to be in the table', () => {
      return gauges.spool().records;
    });
    this.gauge('audit_spool_bytes', 'Bytes on the spool that are not known to be in the table', () => {
      return gauges.spool().bytes;
    });
    this.gauge('audit_spool_max_bytes', 'Bytes that may wait on the spool', () => gauges.spool().maxBytes);
    this.gauge('audit_lag_seconds', 'Age of the oldest record that is not known to be in the table', gauges.lagSeconds);
    this.watchPool(gauges.pool);
  }

  /** Registers the gauges of the database pool alone, for a process without a spool. */
  watchPool(pool: AuditGauges['pool']): void {
    this.gauge('db_connection_pool_size', 'Open connections to the database', () => pool()?.size ?? 0);
    this.gauge('db_connection_pool_available', 'Open connections to the database that are idle', () => {
      return pool()?.idle ?? 0;
    });
  }

  onDropped(records: number): void {
    this.dropped.inc(records);
  }

  onSpooled(records: number, seconds: number): void {
    this.groupSize.observe(records);
    this.writeSeconds.observe(seconds);
  }

  onCorrupt(lines: number): void {
    this.corrupt.inc(lines);
  }

  onShipped(records: number, again: boolean): void {
    this.shipped.inc(records);
    this.jobSize.observe(records);
    if (again) {
      this.resent.inc();
    }
  }

  onRowsWritten(rows: number): void {
    this.rows.inc(rows);
  }

  onDeadLetters(records: number): void {
    this.deadLetters.inc(records);
  }

  onDatabaseOperation(operation: DatabaseOperation, status: OperationStatus, seconds: number): void {
    this.operations.inc({ operation, status });
    this.operationSeconds.observe({ operation }, seconds);
  }

  onRetry(operation: DatabaseOperation): void {
    this.retries.inc({ operation });
  }

  private gauge(name: string, help: string, read: () => number): void {
    const gauge: Gauge = new Gauge({ name, help, registers: [this.registry], collect: (): void => gauge.set(read()) });
  }
}
