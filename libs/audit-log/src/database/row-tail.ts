import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditRecord } from '../audit-record.js';
import { AUDIT_TABLE } from './partitions.js';
import type { QueryClient } from './query-client.js';

/** How rows are followed. */
export interface TailOptions {
  /** Rows to begin with of those that are there. @default 10 */
  last?: number;
  /** How often to look. @default 1000 */
  pollMs?: number;
  /** How much later than its neighbours a row may come and still be seen. @default 10000 */
  overlapMs?: number;
  /** Ends the tail. */
  signal: AbortSignal;
}

const ROWS_A_PAGE = 1000;

/** Rows as they come into the table: a look back over `overlapMs` finds those that others have overtaken. */
export async function* tailRows(client: QueryClient, options: TailOptions): AsyncGenerator<AuditRecord> {
  const { last = 10, pollMs = 1000, overlapMs = 10_000, signal } = options;
  const seen = new SeenRows(await newestOf(client), overlapMs);
  for await (const row of rowsSince(client, seen.sinceMs)) seen.add(row);
  for (const row of await lastRows(client, last)) {
    seen.add(row); // it may have come since then
    yield row;
  }
  while (!signal.aborted) {
    for await (const row of rowsSince(client, seen.sinceMs)) {
      if (seen.add(row)) yield row;
    }
    seen.forgetOld();
    await sleep(pollMs, undefined, { signal }).catch(() => undefined); // an abort ends the loop
  }
}

/** The rows of the last `overlapMs` before the newest. */
class SeenRows {
  private readonly createdMs = new Map<string, number>();

  constructor(
    private newestMs: number,
    private readonly overlapMs: number,
  ) {}

  get sinceMs(): number {
    return this.newestMs - this.overlapMs;
  }

  /** Whether the row is new. */
  add({ id, created_at }: AuditRecord): boolean {
    if (this.createdMs.has(id)) return false;
    const createdMs = Date.parse(created_at);
    this.createdMs.set(id, createdMs);
    this.newestMs = Math.max(this.newestMs, createdMs);
    return true;
  }

  forgetOld(): void {
    for (const [id, createdMs] of this.createdMs) {
      if (createdMs < this.sinceMs) this.createdMs.delete(id);
    }
  }
}

async function newestOf(client: QueryClient): Promise<number> {
  const { rows } = await client.query<{ newest: Date }>(
    `SELECT coalesce(max(created_at), now()) AS newest FROM ${AUDIT_TABLE}`,
  );
  return rows[0]?.newest.getTime() ?? Date.now();
}

async function lastRows(client: QueryClient, count: number): Promise<AuditRecord[]> {
  const { rows } = await client.query<{ row: AuditRecord }>(
    `SELECT row_to_json(${AUDIT_TABLE}) AS row FROM ${AUDIT_TABLE} ORDER BY created_at DESC, id DESC LIMIT $1`,
    [count],
  );
  return rows.map(({ row }) => row).toReversed();
}

async function* rowsSince(client: QueryClient, sinceMs: number): AsyncGenerator<AuditRecord> {
  let after = { created_at: new Date(sinceMs).toISOString(), id: '00000000-0000-0000-0000-000000000000' };
  for (;;) {
    const { rows } = await client.query<{ row: AuditRecord }>(
      `SELECT row_to_json(${AUDIT_TABLE}) AS row FROM ${AUDIT_TABLE} WHERE created_at >= $1 AND (created_at, id) > ($1, $2)
       ORDER BY created_at, id LIMIT ${ROWS_A_PAGE}`,
      [after.created_at, after.id],
    );
    for (const { row } of rows) yield row;
    const last = rows.at(-1)?.row;
    if (!last || rows.length < ROWS_A_PAGE) return;
    after = last;
  }
}
