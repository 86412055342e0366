import type { LogWriter } from '@app/resilience';
import { isOfOneStatement, isRefusal } from './database-failure.js';
import type { QueryClient } from './query-client.js';

/** The table of the audit log. */
export const AUDIT_TABLE = 'inference_logs';

/** Months that have their partition ahead of time, after the current one. */
const MONTHS_AHEAD = 3;
/** Partitions that there may be: 50 years. */
const MAX_PARTITIONS = 600;
/** Partitions are made and dropped under this lock, by one process at a time. */
const PARTITION_LOCK = 0x0fa1_0001;
/** How long to stand in line for a lock, with the inserts that come after standing behind. */
const LOCK_TIMEOUT_MS = 1000;

/** One month of rows. */
export interface Partition {
  name: string;
  /** First instant of the month, UTC. */
  from: Date;
  /** First instant of the next month. */
  to: Date;
}

/** One that the table has, whoever made it. */
export interface ExistingPartition {
  /** As SQL takes it: quoted, and with its schema, where that is needed. */
  name: string;
  /** First instant of it, and the first one after it; infinite where it has no bound. */
  fromMs: number;
  toMs: number;
  /** Whether a `DETACH ... CONCURRENTLY` of it was begun and not ended. */
  isDetaching: boolean;
}

/** One that Postgres, which is well, does not make or drop. */
export interface RefusedPartition {
  name: string;
  error: Error;
}

/** What became of the partitions of the months to come. */
export interface ComingPartitions {
  made: string[];
  refused: RefusedPartition[];
}

/** What became of the partitions past their retention. */
export interface ExpiredPartitions {
  dropped: string[];
  refused: RefusedPartition[];
}

/** The partition that a row of that instant belongs to; undefined for one that no clock shows. */
export function partitionOf(instant: Date): Partition | undefined {
  const year = instant.getUTCFullYear();
  const month = instant.getUTCMonth();
  if (!(year >= 1970 && year <= 9999)) return undefined;
  const name = `${AUDIT_TABLE}_${year}_${String(month + 1).padStart(2, '0')}`;
  return { name, from: new Date(Date.UTC(year, month)), to: new Date(Date.UTC(year, month + 1)) };
}

/** Makes the partitions of the current month and of those to come; one that cannot be made does not keep the others, one in use does. */
export async function ensurePartitions(client: QueryClient, now: Date): Promise<ComingPartitions> {
  const coming: ComingPartitions = { made: [], refused: [] };
  for (let ahead = 0; ahead <= MONTHS_AHEAD; ahead++) {
    const month = partitionOf(new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead)));
    if (month === undefined) break;
    try {
      coming.made.push(...((await createPartitions(client, [month])) ?? []));
    } catch (error) {
      coming.refused.push(refusedOf(month.name, error));
      if (isOfOneStatement(error)) break; // inserts would wait behind each attempt
    }
  }
  return coming;
}

/** Says which months could not be made ahead of time: a record that needs one has it made, too. */
export function warnOfMissing(log: LogWriter, refused: readonly RefusedPartition[]): void {
  for (const { name, error } of refused) {
    log.warning(
      `The partition ${name} cannot be made (${error.message}): put that right; it is tried again in an hour`,
      { error },
    );
  }
}

/** Makes those partitions that do not exist yet, in one transaction. Returns their names; undefined: there would be too many. */
export async function createPartitions(
  client: QueryClient,
  partitions: readonly Partition[],
): Promise<string[] | undefined> {
  return underPartitionLock(client, async () => {
    const existing = await listPartitions(client);
    const missing = partitions.filter((partition) => !isCovered(partition, existing)); // in part: Postgres says so
    if (missing.length > 0 && existing.length + missing.length > MAX_PARTITIONS) return undefined;
    const names: string[] = [];
    for (const { name: wanted, from, to } of missing) {
      const name = await freeName(client, wanted);
      // Made apart and attached: inserts into the other partitions go on meanwhile.
      await client.query(`CREATE TABLE ${name} (LIKE ${AUDIT_TABLE} INCLUDING DEFAULTS)`);
      await client.query(
        `ALTER TABLE ${AUDIT_TABLE} ATTACH PARTITION ${name} FOR VALUES FROM ('${from.toISOString()}') TO ('${to.toISOString()}')`,
      );
      names.push(name);
    }
    return names;
  });
}

/** A name that nothing has: a month that somebody detached to keep it is theirs, and must not expire with a new one. */
async function freeName(client: QueryClient, wanted: string): Promise<string> {
  for (let number = 1; ; number++) {
    const name = number === 1 ? wanted : `${wanted}_${number}`;
    const { rows } = await client.query<{ taken: boolean }>('SELECT to_regclass($1) IS NOT NULL AS taken', [name]);
    if (!rows[0]?.taken) return name;
  }
}

/** Whether every row of it has its place, in one partition or in several, whoever made them. */
function isCovered({ from, to }: Partition, existing: readonly ExistingPartition[]): boolean {
  const open = existing.filter(({ isDetaching }) => !isDetaching); // one on its way out takes no rows, and nothing can take its place yet
  const shares = open.map(({ fromMs, toMs }) => Math.min(toMs, to.getTime()) - Math.max(fromMs, from.getTime()));
  const coveredMs = shares.reduce((sum, ms) => sum + Math.max(0, ms), 0);
  return coveredMs >= to.getTime() - from.getTime();
}

/** Drops the partitions whose last row is older than the retention, whole; one that cannot be dropped does not keep the others, one in use does. */
export async function dropExpired(client: QueryClient, retentionDays: number, now: Date): Promise<ExpiredPartitions> {
  const oldestMs = now.getTime() - retentionDays * 86_400_000;
  const expired: ExpiredPartitions = { dropped: [], refused: [] };
  for (const { name } of (await listPartitions(client)).filter(({ toMs }) => toMs <= oldestMs)) {
    try {
      if (await underPartitionLock(client, () => dropPartition(client, name))) expired.dropped.push(name);
    } catch (error) {
      expired.refused.push(refusedOf(name, error));
      if (isOfOneStatement(error)) break; // a reader uses them all, and inserts would wait behind each attempt
    }
  }
  return expired;
}

/** @throws what is not about the partition */
function refusedOf(name: string, error: unknown): RefusedPartition {
  if (!isRefusal(error) && !isOfOneStatement(error)) throw error;
  return { name, error: error as Error };
}

/** Whether it was still there to be dropped: a neighbour may be quicker, and one that is detached by now is kept. */
async function dropPartition(client: QueryClient, name: string): Promise<boolean> {
  await client.query(`LOCK TABLE ONLY ${AUDIT_TABLE} IN ACCESS EXCLUSIVE MODE`); // the drop needs it, and nobody detaches then
  const isPartition = (await listPartitions(client)).some((each) => each.name === name && !each.isDetaching);
  if (isPartition) await client.query(`DROP TABLE ${name}`);
  return isPartition;
}

/** The partitions that there are, oldest first; one for all other rows has no bounds and is left alone. */
export async function listPartitions(client: QueryClient): Promise<ExistingPartition[]> {
  // Of the row as JSON, because the catalogue of Postgres 13 has no column inhdetachpending.
  const { rows } = await client.query<ExistingPartition>(
    `SELECT child::text AS name, ${boundOf('FROM', '-infinity')} AS "fromMs", ${boundOf('TO', 'infinity')} AS "toMs",
       coalesce((link ->> 'inhdetachpending')::boolean, false) AS "isDetaching"
     FROM (SELECT oid::regclass AS child, pg_get_expr(relpartbound, oid) AS bounds, to_jsonb(pg_inherits) AS link
           FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = '${AUDIT_TABLE}'::regclass) AS partition
     WHERE bounds <> 'DEFAULT' ORDER BY 2`,
  );
  return rows;
}

/** A bound in milliseconds, of `FOR VALUES FROM ('2026-11-01 00:00:00+00') TO ('2026-12-01 00:00:00+00')`; MINVALUE and MAXVALUE have no quotes. */
function boundOf(side: 'FROM' | 'TO', none: string): string {
  const instant = `coalesce(substring(bounds FROM '${side} \\(''([^'']+)''')::timestamptz, '${none}')`;
  return `(extract(epoch FROM ${instant}) * 1000)::float8`;
}

async function underPartitionLock<T>(client: QueryClient, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN');
  try {
    await client.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
    await client.query(`SELECT pg_advisory_xact_lock(${PARTITION_LOCK})`);
    const result = await work();
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}
