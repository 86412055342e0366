import type { LogWriter } from '@app/resilience';
import type { AuditObserver } from '../audit-observer.js';
import type { AuditJob } from './audit-job.js';

/** Writes jobs into the table; RecordWriter is one. */
export interface JobWriter {
  write(job: AuditJob, signal?: AbortSignal): Promise<unknown>;
}

/** Keeps the table in shape: months ahead have their partition, months past the retention are dropped. */
export type Maintenance = (now: Date) => Promise<void>;

/** What a worker of the audit log is put together from. */
export interface AuditWorkerParts {
  /** Jobs that are written at the same time. */
  concurrency: number;
  /** Longest time that a stopping worker gives to the jobs in its hands; they then go back. */
  closeTimeoutMs: number;
  writer: JobWriter;
  maintenance: Maintenance;
  log: LogWriter;
  observer: AuditObserver;
}

/** Token of the parts in the worker's Nest module. */
export const AUDIT_WORKER_PARTS = Symbol('AUDIT_WORKER_PARTS');
