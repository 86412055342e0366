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

/** The partition that a row of that instant belongs to; undefined for one that no clock shows. */
export function partitionOf(instant: Date): Partition | undefined {
  const year = instant.getUTCFullYear();
  const month = instant.getUTCMonth();
  if (!(year >= 1970 && year <= 9999)) return undefined;
  const name = `${AUDIT_TABLE}_${year}_${String(month + 1).padStart(2, '0')}`;
  return { name, from: new Date(Date.UTC(year, month)), to: new Date(Date.UTC(year, month + 1)) };
}

/** Makes the partitions of the current month and of those to come. Returns the names of the new ones. */
export async function ensurePartitions(client: QueryClient, now: Date): Promise<string[]> {
  const months = Array.from({ length: MONTHS_AHEAD + 1 }, (_, ahead) =>
    partitionOf(new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead))),
  );
  return (
    (await createPartitions(
      client,
      months.filter((month) => month !== undefined),
    )) ?? []
  );
}

/** Makes those partitions that do not exist yet, in one transaction. Returns their names; undefined: there would be too many. */
export async function createPartitions(
  client: QueryClient,
  partitions: readonly Partition[],
): Promise<string[] | undefined> {
  return underPartitionLock(client, async () => {
    const existing = new Set((await listPartitions(client)).map(({ name }) => name));
    const missing = partitions.filter(({ name }) => !existing.has(name));
    if (missing.length > 0 && existing.size + missing.length > MAX_PARTITIONS) return undefined;
    for (const { name, from, to } of missing) {
      // Made apart and attached: inserts into the other partitions go on meanwhile.
      await client.query(`CREATE TABLE IF NOT EXISTS ${name} (LIKE ${AUDIT_TABLE} INCLUDING DEFAULTS)`);
      await client.query(
        `ALTER TABLE ${AUDIT_TABLE} ATTACH PARTITION ${name} FOR VALUES FROM ('${from.toISOString()}') TO ('${to.toISOString()}')`,
      );
    }
    return missing.map(({ name }) => name);
  });
}

/** Drops the partitions whose last row is older than the retention, whole. Returns their names. */
export async function dropExpired(client: QueryClient, retentionDays: number, now: Date): Promise<string[]> {
  const oldestMs = now.getTime() - retentionDays * 86_400_000;
  return underPartitionLock(client, async () => {
    const expired = (await listPartitions(client)).filter(({ to }) => to.getTime() <= oldestMs);
    for (const { name } of expired) {
      await client.query(`DROP TABLE ${name}`);
    }
    return expired.map(({ name }) => name);
  });
}

/** The months that there are, oldest first. */
export async function listPartitions(client: QueryClient): Promise<Partition[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT child.relname AS name FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid
     WHERE inhparent = '${AUDIT_TABLE}'::regclass ORDER BY 1`,
  );
  return rows.flatMap(({ name }) => {
    const [, year, month] = name.match(/_(\d{4})_(\d\d)$/) ?? [];
    return partitionOf(new Date(`${year}-${month}-01T00:00:00Z`)) ?? [];
  });
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
