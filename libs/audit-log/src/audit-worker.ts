import type { DynamicModule } from '@nestjs/common';
import type { AuditObserver } from './audit-observer.js';
import type { AuditWorkerOptions } from './audit-options.js';
import type { AuditDatabase } from './database/audit-database.js';
import { sqlStateOf } from './database/database-failure.js';
import { dropExpired, ensurePartitions } from './database/partitions.js';
import type { QueryClient } from './database/query-client.js';
import { RecordWriter } from './database/record-writer.js';
import type { LogWriter } from './log-writer.js';
import { AuditWorkerModule, type WorkerEnds } from './queue/audit-worker.module.js';

/** What a worker needs of its process. */
export interface AuditWorkerContext {
  ends: WorkerEnds;
  database: AuditDatabase;
  log: LogWriter;
  observer: AuditObserver;
}

const MAINTENANCE = 'db_maintain_partitions';
/** SQLSTATE of a lock that was not to be had in time. */
const LOCK_TIMEOUT = '55P03';

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

async function maintain({ database, log, observer }: AuditWorkerContext, retentionDays: number, now: Date) {
  const startMs = performance.now();
  const report = (status: 'success' | 'error') =>
    observer.onDatabaseOperation(MAINTENANCE, status, (performance.now() - startMs) / 1000);
  // Inserts stand in line behind each attempt, and whoever reads may do so for hours.
  const onDropFailed = (error: unknown): string[] => {
    if (sqlStateOf(error) !== LOCK_TIMEOUT) throw error;
    log.warning('Somebody uses the audit table for long: its expired partitions are dropped in an hour', { error });
    return [];
  };
  try {
    const { made, dropped } = await database.run(async (client) => ({
      made: await ensurePartitions(client, now),
      dropped: await dropExpired(client, retentionDays, await earlierOf(now, client)).catch(onDropFailed),
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
