export { AuditLog } from './audit-log.js';
export type { AuditEntry, AuditEntryOfAnswer } from './audit-log.js';
export { AuditUnavailableError } from './audit-log.errors.js';
export { AuditLogModule } from './audit-log.module.js';
export { AuditMetrics } from './audit-log.metrics.js';
export type { AuditObserver } from './audit-observer.js';
export type {
  AuditAvailability,
  AuditLogOptions,
  AuditPipelineOptions,
  AuditServicesOptions,
  AuditWorkerOptions,
} from './audit-options.js';
export { QueueUnavailableError } from './queue/audit-queue.errors.js';
export { auditPolicyOptions } from './audit-policies.js';
export type { AuditPolicies } from './audit-policies.js';
export { AuditPipeline } from './audit-pipeline.js';
export type { AuditRecord } from './audit-record.js';
export type { LogWriter } from './log-writer.js';
export { loadStandaloneWorker } from './load-standalone-worker.js';
export type { StandaloneWorker, StandaloneWorkerOptions } from './standalone-worker.js';
export { loadAuditTools } from './load-audit-tools.js';
export type { AuditStatus, AuditTools, AuditToolsOptions, Seen } from './audit-tools.js';
export type { LedgerDifference, LedgerEntry, LedgerReport } from './database/ledger-check.js';
export type { ExportFormat, TimeRange } from './database/row-export.js';
export type { TableStatus } from './database/table-status.js';
export type { QueueCounts } from './queue/audit-queue.js';
export type { SpoolStatus } from './spool/spool-status.js';
