import { AUDIT_TABLE, listPartitions } from './partitions.js';
import type { QueryClient } from './query-client.js';

/** How the table is. */
export interface TableStatus {
  rowsLastMinute: number;
  /** When the newest row's request was answered; undefined while there is none. */
  lastRowAt: Date | undefined;
  deadLetters: number;
  partitions: PartitionStatus[];
}

/** How large a month is. */
export interface PartitionStatus {
  name: string;
  /** As Postgres estimates it. */
  rows: number;
  /** With its indexes. */
  bytes: number;
}

/** Looks at the table; nothing in it costs more than a minute's rows. */
export async function readTableStatus(client: QueryClient): Promise<TableStatus> {
  const { rows } = await client.query<{ minute: number; last: Date | null; letters: number }>(
    `SELECT (SELECT count(*)::int FROM ${AUDIT_TABLE} WHERE created_at > now() - interval '1 minute') AS minute,
       (SELECT max(created_at) FROM ${AUDIT_TABLE}) AS last,
       (SELECT count(*)::int FROM inference_log_dead_letters) AS letters`,
  );
  const { minute = 0, last = null, letters = 0 } = rows[0] ?? {};
  return {
    rowsLastMinute: minute,
    lastRowAt: last ?? undefined,
    deadLetters: letters,
    partitions: await readPartitions(client),
  };
}

async function readPartitions(client: QueryClient): Promise<PartitionStatus[]> {
  const names = (await listPartitions(client)).map(({ name }) => name);
  const { rows } = await client.query<{ name: string; rows: number; bytes: number }>(
    `SELECT relname AS name, greatest(reltuples, pg_stat_get_live_tuples(oid), 0)::float8 AS rows, pg_total_relation_size(oid)::float8 AS bytes
     FROM pg_class WHERE oid = ANY ($1::text[]::regclass[]) ORDER BY 1`,
    [names],
  );
  return rows;
}
