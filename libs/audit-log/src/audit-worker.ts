import type { DynamicModule } from '@nestjs/common';
import type { LogWriter } from '@app/resilience';
import type { AuditObserver, OperationStatus } from './audit-observer.js';
import type { AuditWorkerOptions } from './audit-options.js';
import type { AuditDatabase } from './database/audit-database.js';
import { isOfOneStatement } from './database/database-failure.js';
import {
  AUDIT_TABLE,
  dropExpired,
  ensurePartitions,
  warnOfMissing,
  type RefusedPartition,
} from './database/partitions.js';
import type { QueryClient } from './database/query-client.js';
import { RecordWriter } from './database/record-writer.js';
import { AuditWorkerModule, type WorkerEnds } from './queue/audit-worker.module.js';

/** What a worker needs of its process. */
export interface AuditWorkerContext {
  ends: WorkerEnds;
  database: AuditDatabase;
  log: LogWriter;
  observer: AuditObserver;
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

/** Makes and drops months; what Postgres refuses is said and left for the next hour, because a job that insists would keep records waiting. */
async function maintain({ database, log, observer }: AuditWorkerContext, retentionDays: number, now: Date) {
  const startMs = performance.now();
  const report = (status: OperationStatus) =>
    observer.onDatabaseOperation('db_maintain_partitions', status, (performance.now() - startMs) / 1000);
  try {
    const { coming, expired } = await database.run(async (client) => ({
      coming: await ensurePartitions(client, now),
      expired: await dropExpired(client, retentionDays, await earlierOf(now, client)),
    }));
    warnOfMissing(log, coming.refused);
    const needsHelp = onNotDropped(log, expired.refused) || coming.refused.length > 0;
    report(needsHelp ? 'error' : 'success');
    const [{ made }, { dropped }] = [coming, expired];
    if (dropped.length + made.length > 0) {
      log.info('The partitions of the audit table are up to date', { made, dropped });
    }
  } catch (error) {
    report('error');
    throw error;
  }
}

/** Whether somebody has to do something about it. */
function onNotDropped(log: LogWriter, refused: readonly RefusedPartition[]): boolean {
  let needsHelp = false;
  for (const { name, error } of refused) {
    if (isOfOneStatement(error)) {
      // Inserts stand in line behind each attempt, and whoever reads may do so for hours.
      log.warning('Somebody uses the audit table for long: its expired partitions are dropped in an hour', { error });
      continue;
    }
    needsHelp = true;
    log.warning(
      `The expired partition ${name} cannot be dropped (${error.message}): put that right, or run ` +
        `"ALTER TABLE ${AUDIT_TABLE} DETACH PARTITION ${name}"; it is tried again in an hour`,
      { error },
    );
  }
  return needsHelp;
}

/** Rows are dropped only when both clocks say that they are old: one that is set wrong must not empty the table. */
async function earlierOf(now: Date, client: QueryClient): Promise<Date> {
  const { rows } = await client.query<{ now: Date }>('SELECT now()');
  return new Date(Math.min(now.getTime(), rows[0]?.now.getTime() ?? 0));
}
