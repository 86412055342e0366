import type { LogWriter } from '@app/resilience';
import type { AuditObserver, OperationStatus } from '../audit-observer.js';
import type { AuditDatabase } from './audit-database.js';
import { isOfOneStatement } from './database-failure.js';
import { AUDIT_TABLE, dropExpired, ensurePartitions, warnOfMissing, type RefusedPartition } from './partitions.js';
import type { QueryClient } from './query-client.js';

/** The table, and who is told. */
export interface MaintenanceContext {
  database: AuditDatabase;
  log: LogWriter;
  observer: AuditObserver;
}

/** Makes and drops months; what Postgres refuses is said and left for the next hour, because a job that insists would keep records waiting. */
export async function maintain(
  { database, log, observer }: MaintenanceContext,
  retentionDays: number,
  now: Date,
): Promise<void> {
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
