export { AuditLog } from './audit-log.js';
export type { AuditEntry } from './audit-log.js';
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
export { AuditPipeline } from './audit-pipeline.js';
export type { AuditRecord } from './audit-record.js';
export type { LogWriter } from './log-writer.js';
export { loadStandaloneWorker } from './load-standalone-worker.js';
export type { StandaloneWorker, StandaloneWorkerOptions } from './standalone-worker.js';
