import { type DynamicModule, Module } from '@nestjs/common';
import { AuditLog } from './audit-log.js';
import { AuditPipeline } from './audit-pipeline.js';

/** Wires the audit log into an API: inject `AuditLog` to record answers, `AuditPipeline` to see where they are. */
@Module({})
export class AuditLogModule {
  static forRoot(auditLog: AuditLog, pipeline: AuditPipeline): DynamicModule {
    return {
      module: AuditLogModule,
      providers: [
        { provide: AuditLog, useValue: auditLog },
        { provide: AuditPipeline, useValue: pipeline },
      ],
      exports: [AuditLog, AuditPipeline],
    };
  }
}
