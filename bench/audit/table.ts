import type { PostgresServer } from '../servers/postgres-server.js';

/** What a run has left in the table. */
export interface TableFilling {
  rows: number;
  /** From the commit of the first row to that of the last. */
  seconds: number;
}

/** Empties the table, and writes out what Postgres still has to do for earlier runs. */
export async function emptyTable(postgres: PostgresServer): Promise<void> {
  await postgres.query('TRUNCATE inference_logs');
  await postgres.query('CHECKPOINT');
}

/** Asks Postgres itself when which rows were committed. */
export async function tableFilling(postgres: PostgresServer): Promise<TableFilling> {
  const [filling] = await postgres.query<{ rows: string; seconds: number }>(
    `SELECT sum(rows) AS rows, extract(epoch FROM max(at) - min(at))::float8 AS seconds
     FROM (SELECT pg_xact_commit_timestamp(xmin) AS at, count(*) AS rows FROM inference_logs GROUP BY xmin) commits`,
  );
  return { rows: Number(filling?.rows ?? 0), seconds: filling?.seconds ?? Number.NaN };
}
