import type { DynamicModule } from '@nestjs/common';
import { AuditLog, AuditLogModule, AuditMetrics, AuditPipeline } from '@app/audit-log';
import type { Log } from '@app/ops';
import type { Policies } from '@app/resilience';
import { register } from 'prom-client';
import type { Config } from './config.js';

/** Puts the audit log together; nothing is opened and nothing runs yet. */
export function auditLogModule(
  { auditLog: options, auditServices: services, auditWorker: worker }: Config,
  log: Log,
  policies: Policies,
): DynamicModule {
  const metrics = new AuditMetrics(register);
  const auditLog = new AuditLog(options, log, metrics);
  const pipelineOptions = {
    services,
    policies: { postgres: policies.get('postgres'), queue: policies.get('queue') },
    worker,
    spoolRoot: options.spoolRoot,
  };
  const pipeline = new AuditPipeline(auditLog, pipelineOptions, log, metrics);
  metrics.watch({
    spool: () => ({ ...auditLog.stats(), maxBytes: options.spoolMaxBytes }),
    lagSeconds: () => pipeline.lagSeconds(),
    pool: () => pipeline.pool(),
  });
  return AuditLogModule.forRoot(auditLog, pipeline);
}
