import { rangeCondition, type TimeRange } from './row-export.js';
import { AUDIT_TABLE } from './partitions.js';
import type { QueryClient } from './query-client.js';

/** An answer that a client got: its request id, and its place if it was one text of a batch. */
export interface LedgerEntry {
  requestId: string;
  batchIndex?: number | undefined;
}

/** What is wrong with one answer: no row, more rows than answers, or rows of which no client knows. */
export interface LedgerDifference extends LedgerEntry {
  kind: 'missing' | 'double' | 'extra';
  /** Answers that the ledger has of it. */
  answers: number;
  /** Rows that the table has of it. */
  rows: number;
}

/** Ledger and table in numbers. */
export interface LedgerSummary {
  answers: number;
  rows: number;
  missing: number;
  double: number;
  extra: number;
}

/** What the comparison found: the numbers, and the first differences. */
export interface LedgerReport extends LedgerSummary {
  differences: LedgerDifference[];
}

const ENTRIES_AN_INSERT = 10_000;
/** Stands for the index of a request that was no batch: NULL equals nothing in a join. */
const NO_INDEX = -1;

/** Compares a ledger, of any length, with the rows of a range; Postgres does the work, memory does not grow. */
export async function checkLedger(
  client: QueryClient,
  ledger: AsyncIterable<LedgerEntry>,
  { range, maxDifferences }: { range: TimeRange; maxDifferences: number },
): Promise<LedgerReport> {
  await client.query('BEGIN');
  try {
    await client.query("SET LOCAL work_mem = '64MB'");
    await client.query('CREATE TEMPORARY TABLE ledger (request_id text, batch_index integer) ON COMMIT DROP');
    await loadLedger(client, ledger);
    await compare(client, range);
    return { ...(await summarise(client)), differences: await firstDifferences(client, maxDifferences) };
  } finally {
    await client.query('ROLLBACK');
  }
}

async function loadLedger(client: QueryClient, ledger: AsyncIterable<LedgerEntry>): Promise<void> {
  let ids: string[] = [];
  let indexes: number[] = [];
  const flush = async () => {
    await client.query('INSERT INTO ledger SELECT * FROM unnest($1::text[], $2::integer[])', [ids, indexes]);
    ids = [];
    indexes = [];
  };
  for await (const { requestId, batchIndex } of ledger) {
    ids.push(requestId);
    indexes.push(batchIndex ?? NO_INDEX);
    if (ids.length === ENTRIES_AN_INSERT) await flush();
  }
  await flush();
  await client.query('ANALYZE ledger');
}

async function compare(client: QueryClient, range: TimeRange): Promise<void> {
  const { sql, values } = rangeCondition(range);
  await client.query(
    `CREATE TEMPORARY TABLE compared ON COMMIT DROP AS
     SELECT request_id, batch_index, coalesce(answers, 0)::integer AS answers, coalesce(found, 0)::integer AS found
     FROM (SELECT request_id, batch_index, count(*) AS answers FROM ledger GROUP BY 1, 2) AS answered
     FULL JOIN (SELECT request_id, coalesce(batch_index, ${NO_INDEX})::integer AS batch_index, count(*) AS found
       FROM ${AUDIT_TABLE} WHERE ${sql} GROUP BY 1, 2) AS kept USING (request_id, batch_index)`,
    values,
  );
}

async function summarise(client: QueryClient): Promise<LedgerSummary> {
  const { rows } = await client.query<LedgerSummary>(
    `SELECT coalesce(sum(answers), 0)::float8 AS answers, coalesce(sum(found), 0)::float8 AS rows,
       coalesce(sum(answers - found) FILTER (WHERE found < answers), 0)::float8 AS missing,
       coalesce(sum(found - answers) FILTER (WHERE found > answers AND answers > 0), 0)::float8 AS double,
       coalesce(sum(found) FILTER (WHERE answers = 0), 0)::float8 AS extra
     FROM compared`,
  );
  return rows[0] as LedgerSummary;
}

async function firstDifferences(client: QueryClient, max: number): Promise<LedgerDifference[]> {
  const { rows } = await client.query<LedgerDifference>(
    `SELECT CASE WHEN answers = 0 THEN 'extra' WHEN found < answers THEN 'missing' ELSE 'double' END AS kind,
       request_id AS "requestId", nullif(batch_index, ${NO_INDEX}) AS "batchIndex", answers, found AS rows
     FROM compared WHERE answers <> found ORDER BY answers = 0, found > answers, 2, 3 LIMIT $1`,
    [max],
  );
  return rows;
}
