import type { AuditStatus, QueueCounts, SpoolStatus, TableStatus } from '@app/audit-log';

/** Spools, queue and table for people. */
export function statusReport({ spools, lagSeconds, queue, table }: AuditStatus, nowMs = Date.now()): string {
  return [
    ...('unavailable' in spools ? [`spool   ${spools.unavailable}`] : spoolLines(spools, nowMs)),
    `lag     ${lagSeconds === undefined ? 'unknown' : `${lagSeconds.toFixed(0)} s`}`,
    `queue   ${'unavailable' in queue ? queue.unavailable : countsOf(queue)}`,
    ...('unavailable' in table ? [`table   ${table.unavailable}`] : tableLines(table, nowMs)),
  ].join('\n');
}

/** Whether something could not be seen. */
export function isTroubled({ spools, queue, table }: AuditStatus): boolean {
  if ('unavailable' in spools || 'unavailable' in queue || 'unavailable' in table) return true;
  return spools.some(({ owner }) => owner === 'unknown');
}

const OWNERS: Record<SpoolStatus['owner'], string> = {
  alive: 'in use',
  none: 'orphaned: the next API takes it over',
  unknown: 'cannot be read',
};

function spoolLines(spools: readonly SpoolStatus[], nowMs: number): string[] {
  const bytes = spools.reduce((sum, { waitingBytes = 0 }) => sum + waitingBytes, 0);
  const least = spools.some(({ waitingBytes }) => waitingBytes === undefined) ? 'at least ' : '';
  return [
    `spool   ${spools.length === 0 ? 'none' : `${spools.length}, ${least}${megabytes(bytes)} waiting`}`,
    ...spools.map(({ name, owner, waitingBytes, oldestAt }) => {
      const size = waitingBytes === undefined ? '' : `  ${megabytes(waitingBytes)}`;
      const oldest = oldestAt === undefined ? '' : `, oldest record ${ageOf(oldestAt, nowMs)}`;
      return `          ${name}${size}${oldest}  (${OWNERS[owner]})`;
    }),
  ];
}

function countsOf({ waiting, active, delayed, failed }: QueueCounts): string {
  return `${waiting} jobs waiting, ${active} active, ${delayed} put off, ${failed} failed`;
}

function tableLines({ rowsLastMinute, lastRowAt, deadLetters, partitions }: TableStatus, nowMs: number): string[] {
  const last =
    lastRowAt === undefined ? 'no row yet' : `last row ${lastRowAt.toISOString()}, ${ageOf(lastRowAt, nowMs)}`;
  return [
    `table   ${rowsLastMinute} rows in the last minute, ${last}`,
    ...partitions.map(
      ({ name, rows, bytes }) => `          ${name}  about ${Math.round(rows)} rows, ${megabytes(bytes)}`,
    ),
    `refused ${deadLetters === 0 ? 'none' : `${deadLetters} records: see the table inference_log_dead_letters`}`,
  ];
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function ageOf(instant: Date, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - instant.getTime()) / 1000));
  if (seconds < 120) return `${seconds} s ago`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min ago`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h ago` : `${Math.round(seconds / 86_400)} days ago`;
}
