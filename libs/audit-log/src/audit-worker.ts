import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AuditObserver } from './audit-observer.js';
import type { AuditServicesOptions, AuditWorkerOptions } from './audit-options.js';
import type { AuditServices } from './audit-services.js';
import type { AuditDatabase } from './database/audit-database.js';
import { dropExpired, ensurePartitions } from './database/partitions.js';
import type { QueryClient } from './database/query-client.js';
import { RecordWriter } from './database/record-writer.js';
import type { LogWriter } from './log-writer.js';
import { AuditWorkerModule } from './queue/audit-worker.module.js';
import type { AuditWorkerParts } from './queue/audit-worker.options.js';
import { WorkerConnection } from './queue/worker-connection.js';

/** What a worker needs of its process. */
export interface AuditWorkerContext {
  services: AuditServices;
  database: AuditDatabase;
  log: LogWriter;
  observer: AuditObserver;
}

/** How a worker is told to work. */
export type AuditWorkerSettings = AuditWorkerOptions & Pick<AuditServicesOptions, 'redisTimeoutMs'>;

const MAINTENANCE = 'db_maintain_partitions';

/** Puts together what AuditWorkerModule is wired from. */
export function auditWorkerParts(context: AuditWorkerContext, settings: AuditWorkerSettings): AuditWorkerParts {
  const { services, database, log, observer } = context;
  return {
    server: services.queueServer,
    queueTimeoutMs: settings.redisTimeoutMs,
    concurrency: settings.concurrency,
    closeTimeoutMs: settings.closeTimeoutMs,
    writer: new RecordWriter(database, observer),
    maintenance: (now) => maintain(context, settings.retentionDays, now),
    log,
    observer,
  };
}

async function maintain({ database, log, observer }: AuditWorkerContext, retentionDays: number, now: Date) {
  const startMs = performance.now();
  const report = (status: 'success' | 'error') =>
    observer.onDatabaseOperation(MAINTENANCE, status, (performance.now() - startMs) / 1000);
  try {
    const { made, dropped } = await database.run(async (client) => ({
      made: await ensurePartitions(client, now),
      dropped: await dropExpired(client, retentionDays, await earlierOf(now, client)),
    }));
    report('success');
    if (made.length + dropped.length > 0) {
      log.info('The partitions of the audit table are up to date', { made, dropped });
    }
  } catch (error) {
    report('error');
    throw error;
  }
}

/** Rows are dropped only when both clocks say that they are old: one that is set wrong must not empty the table. */
async function earlierOf(now: Date, client: QueryClient): Promise<Date> {
  const { rows } = await client.query<{ now: Date }>('SELECT now()');
  return new Date(Math.min(now.getTime(), rows[0]?.now.getTime() ?? 0));
}

/** Runs a worker in this process, without HTTP; close() of the context ends it. */
export function runAuditWorker(parts: AuditWorkerParts, services: AuditServices): Promise<INestApplicationContext> {
  const { server, concurrency, log } = parts;
  const ends = { connection: new WorkerConnection(server, concurrency, log), queue: services.queue() };
  return NestFactory.createApplicationContext(AuditWorkerModule.forRoot(parts, ends), { abortOnError: false });
}
