import { COLUMNS } from './inference-log.entity.js';
import { AUDIT_TABLE } from './partitions.js';
import type { QueryClient } from './query-client.js';

/** What an export is written as. */
export type ExportFormat = 'ndjson' | 'csv';

/** Rows from `from` on and before `to`; undefined: no bound. */
export interface TimeRange {
  from?: Date | undefined;
  to?: Date | undefined;
}

const ROWS_A_FETCH = 500;

/** A condition on `created_at` and its values, numbered from $1. */
export function rangeCondition({ from, to }: TimeRange): { sql: string; values: string[] } {
  // Of text, so that the planner sees the bounds and passes over the other partitions.
  const values = [from?.toISOString() ?? '-infinity', to?.toISOString() ?? 'infinity'];
  return { sql: 'created_at >= $1::timestamptz AND created_at < $2::timestamptz', values };
}

/** The rows of a range by time, as lines of text, a few at a time: the server keeps the place, memory does not grow. */
export async function* exportRows(client: QueryClient, range: TimeRange, format: ExportFormat): AsyncGenerator<string> {
  if (format === 'csv') yield `${COLUMNS.map(({ name }) => name).join(',')}\r\n`;
  const { sql, values } = rangeCondition(range);
  await client.query('BEGIN TRANSACTION READ ONLY');
  try {
    await client.query(
      `DECLARE exported NO SCROLL CURSOR FOR SELECT ${SELECTED[format]} FROM ${AUDIT_TABLE} WHERE ${sql} ORDER BY created_at, id`,
      values,
    );
    for (;;) {
      const { rows } = await client.query<(string | null)[]>({
        text: `FETCH ${ROWS_A_FETCH} FROM exported`,
        rowMode: 'array',
      });
      if (rows.length === 0) break;
      yield rows.map(LINES[format]).join('');
    }
  } finally {
    await client.query('ROLLBACK');
  }
}

/** Types whose text for people is not the one for machines. */
const AS_TEXT: Record<string, (column: string) => string> = {
  timestamptz: (column) => `to_json(${column}) #>> '{}'`,
  inet: (column) => `host(${column})`,
};

const SELECTED: Record<ExportFormat, string> = {
  ndjson: `row_to_json(${AUDIT_TABLE})::text`,
  csv: COLUMNS.map(({ name, type }) => AS_TEXT[type]?.(name) ?? `${name}::text`).join(', '),
};

const LINES: Record<ExportFormat, (row: (string | null)[]) => string> = {
  ndjson: ([json]) => `${json}\n`,
  csv: (row) => `${row.map(csvField).join(',')}\r\n`,
};

/** RFC 4180; NULL is nothing, an empty text is two quotes. */
function csvField(value: string | null): string {
  if (value === null) return '';
  return value === '' || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
