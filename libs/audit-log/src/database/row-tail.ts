import type { AuditRecord } from '../audit-record.js';
import { pause } from '../pause.js';
import { AUDIT_TABLE } from './partitions.js';
import type { QueryClient } from './query-client.js';

/** How rows are followed. */
export interface TailOptions {
  /** Rows to begin with of those that are there. @default 10 */
  last?: number;
  /** How often to look. @default 1000 */
  pollMs?: number;
  /** Ends the tail. */
  signal: AbortSignal;
}

const ROWS_A_PAGE = 1000;
/** How much later than its neighbours a row may come and still be seen. */
const OVERLAP_MS = 10_000;
/** How far ahead of the database's clock a row may be to be shown before its time: there may be any number of them. */
const LEAD = '10 minutes';

/** A row, and the time up to which it shows that rows have come: its own, or the database's when its clock is ahead. */
interface Found {
  row: AuditRecord;
  reached: Date;
}

const FOUND = `row_to_json(${AUDIT_TABLE}) AS row, least(created_at, now()) AS reached`;

/** Rows as they come into the table: a look back over `OVERLAP_MS` finds those that others have overtaken. */
export async function* tailRows(client: QueryClient, options: TailOptions): AsyncGenerator<AuditRecord> {
  const { last = 10, pollMs = 1000, signal } = options;
  const seen = new SeenRows(await newestOf(client));
  for await (const found of rowsSince(client, seen.sinceMs)) seen.add(found);
  for (const found of await lastRows(client, last)) {
    seen.add(found); // it may have come since then
    yield found.row;
  }
  while (!signal.aborted) {
    for await (const found of rowsSince(client, seen.sinceMs)) {
      if (seen.add(found)) yield found.row;
    }
    seen.forgetOld();
    await pause(pollMs, signal, { keepsAlive: true }); // its connection, which does that otherwise, may be gone
  }
}

/** The rows of the last `OVERLAP_MS` before the newest. */
class SeenRows {
  private readonly createdMs = new Map<string, number>();

  constructor(private newestMs: number) {}

  get sinceMs(): number {
    return this.newestMs - OVERLAP_MS;
  }

  /** Whether the row is new. */
  add({ row: { id, created_at }, reached }: Found): boolean {
    if (this.createdMs.has(id)) return false;
    this.createdMs.set(id, Date.parse(created_at));
    this.newestMs = Math.max(this.newestMs, reached.getTime());
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
    `SELECT least(max(created_at), now()) AS newest FROM ${AUDIT_TABLE}`,
  );
  return rows[0]?.newest.getTime() ?? Date.now();
}

async function lastRows(client: QueryClient, count: number): Promise<Found[]> {
  const { rows } = await client.query<Found>(
    `SELECT ${FOUND} FROM ${AUDIT_TABLE} ORDER BY created_at DESC, id DESC LIMIT $1`,
    [count],
  );
  return rows.toReversed();
}

async function* rowsSince(client: QueryClient, sinceMs: number): AsyncGenerator<Found> {
  let after = { created_at: new Date(sinceMs).toISOString(), id: '00000000-0000-0000-0000-000000000000' };
  for (;;) {
    const { rows } = await client.query<Found>(
      `SELECT ${FOUND} FROM ${AUDIT_TABLE}
       WHERE created_at >= $1 AND (created_at, id) > ($1, $2) AND created_at < now() + interval '${LEAD}'
       ORDER BY created_at, id LIMIT ${ROWS_A_PAGE}`,
      [after.created_at, after.id],
    );
    yield* rows;
    const last = rows.at(-1)?.row;
    if (!last || rows.length < ROWS_A_PAGE) return;
    after = last;
  }
}
