import { type DynamicModule, Module } from '@nestjs/common';
import { BullModule } from '@nestjs/bullmq';
import type { AuditWorkerOptions } from '../audit-options.js';
import { maintain, type MaintenanceContext } from '../database/maintenance.js';
import { RecordWriter } from '../database/record-writer.js';
import { AuditProcessor } from './audit-processor.js';
import { AuditQueue } from './audit-queue.js';
import { AUDIT_WORKER_PARTS, type AuditWorkerParts } from './audit-worker.options.js';
import { MaintenanceSchedule } from './maintenance-schedule.js';
import { installQueueBackend } from './queue-backend.js';
import { WorkerConnection } from './worker-connection.js';

/** The ends of the queue that a worker has. */
export interface WorkerEnds {
  connection: WorkerConnection;
  /** For the schedule of the maintenance; whoever opened it closes it when the module is closed. */
  queue: AuditQueue;
}

/** What a worker needs of its process. */
export interface AuditWorkerContext extends MaintenanceContext {
  ends: WorkerEnds;
}

/** The worker of the audit log: a part of apps/audit-worker, and in the api a context of its own without HTTP. */
@Module({})
export class AuditWorkerModule {
  static forRoot(parts: AuditWorkerParts, ends: WorkerEnds): DynamicModule {
    installQueueBackend();
    const { connection } = ends.connection;
    return {
      module: AuditWorkerModule,
      imports: [BullModule.forRoot({ connection }), BullModule.registerQueue()],
      providers: [
        { provide: AUDIT_WORKER_PARTS, useValue: parts },
        { provide: WorkerConnection, useValue: ends.connection },
        { provide: AuditQueue, useValue: ends.queue },
        AuditProcessor,
        MaintenanceSchedule,
      ],
    };
  }
}

/** The worker as a Nest module, which closes its connection; queue and database remain its process's to close. */
export function auditWorkerModule(context: AuditWorkerContext, options: AuditWorkerOptions): DynamicModule {
  const { ends, database, log, observer } = context;
  const parts = {
    concurrency: options.concurrency,
    closeTimeoutMs: options.closeTimeoutMs,
    writer: new RecordWriter(database, observer),
    maintenance: (now: Date) => maintain(context, options.retentionDays, now),
    log,
    observer,
  };
  return AuditWorkerModule.forRoot(parts, ends);
}
