import { type DynamicModule, Module } from '@nestjs/common';
import { BullModule } from '@nestjs/bullmq';
import { AuditProcessor } from './audit-processor.js';
import { AuditQueue } from './audit-queue.js';
import { AUDIT_WORKER_PARTS, type AuditWorkerParts } from './audit-worker.options.js';
import { MaintenanceSchedule } from './maintenance-schedule.js';
import { installQueueBackend } from './queue-backend.js';
import { WorkerConnection } from './worker-connection.js';

/** The worker of the audit log: the whole of apps/audit-worker, and in the api a context of its own without HTTP. */
@Module({})
export class AuditWorkerModule {
  static forRoot(parts: AuditWorkerParts): DynamicModule {
    const { server, concurrency, queueTimeoutMs, log } = parts;
    installQueueBackend();
    const connection = new WorkerConnection(server, concurrency, log);
    return {
      module: AuditWorkerModule,
      imports: [BullModule.forRoot({ connection: connection.connection }), BullModule.registerQueue()],
      providers: [
        { provide: AUDIT_WORKER_PARTS, useValue: parts },
        { provide: WorkerConnection, useValue: connection },
        { provide: AuditQueue, useFactory: () => new AuditQueue(server, queueTimeoutMs, log) },
        AuditProcessor,
        MaintenanceSchedule,
      ],
      exports: [AuditQueue, WorkerConnection],
    };
  }
}
