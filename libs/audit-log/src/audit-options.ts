import type { AuditPolicies } from './audit-policies.js';

/** How the records of this process are kept until they are in the table. */
export interface AuditLogOptions {
  /** What an answered record survives: the end of the process, or of the machine; `off` keeps no audit log. */
  durability: 'process' | 'disk' | 'off';
  /** Folder of all processes' spools. */
  spoolRoot: string;
  /** Bytes that may wait in this process's spool. */
  spoolMaxBytes: number;
  /** What happens to an answer that cannot be recorded: it leaves and is counted, or it is refused. */
  whenFull: 'drop' | 'refuse';
  /** Longest time that an answer waits to be recorded. */
  appendTimeoutMs: number;
  /** Whether the text itself is recorded. */
  storeText: boolean;
  /** Who answers, in every record; also the beginning of the spool's name. */
  workerId: string;
}

/** Where the table and the queue are. */
export interface AuditServicesOptions {
  /** Folder under which the embedded Postgres lives when there is no `postgresUrl`. */
  dataDir: string;
  postgresUrl: string | undefined;
  postgresPoolSize: number;
  /** Longest time for a connection, and for a statement. */
  postgresTimeoutMs: number;
  /** Redis of the queue; without it the queue is kept in Postgres. */
  redisQueueUrl: string | undefined;
  /** Longest time that the producer waits for Redis. */
  redisTimeoutMs: number;
}

/** How jobs become rows. */
export interface AuditWorkerOptions {
  /** Jobs that one worker writes at the same time. */
  concurrency: number;
  /** Days that rows are kept; then their whole partition is dropped. */
  retentionDays: number;
  /** Whether the worker brings the schema up to date itself; otherwise `falcon audit migrate` does. */
  migrate: boolean;
  /** Longest time that a stopping worker gives to the jobs in its hands. */
  closeTimeoutMs: number;
}

/** What the pipeline is told. */
export interface AuditPipelineOptions {
  services: AuditServicesOptions;
  policies: AuditPolicies;
  /** Undefined: jobs become rows in a process of apps/audit-worker, not in this one. */
  worker: AuditWorkerOptions | undefined;
  /** Folder of all processes' spools. */
  spoolRoot: string;
}
