import type { LedgerClient, LedgerEntry } from './ledger-client.js';

/** A row of the table, as far as the ledger knows of it. */
export interface LedgerRow {
  request_id: string;
  batch_index: number | null;
  status: number;
  success: boolean;
  error_code: string | null;
}

/** Statement that gives them. */
export const LEDGER_ROWS = 'SELECT request_id, batch_index, status, success, error_code FROM inference_logs';

/** How the table differs from the ledger; every list is empty when the audit log keeps its promise. */
export interface LedgerDifferences {
  /** Answered, and without its row. */
  missing: string[];
  /** More than one row for one text. */
  double: string[];
  /** A row that tells of another answer than the client got, or of none. */
  wrong: string[];
  /** Rows of requests that the client never sent. */
  strange: string[];
}

/** What `differences` says when the audit log has kept its promise. */
export const NO_DIFFERENCES: LedgerDifferences = { missing: [], double: [], wrong: [], strange: [] };

/** Compares what clients were answered with what is in the table. */
export function differences(clients: readonly LedgerClient[], rows: readonly LedgerRow[]): LedgerDifferences {
  const answered = new Map(clients.flatMap((client) => [...client.answered]));
  const unanswered = new Set(clients.flatMap((client) => [...client.unanswered]));
  const found = new Map<string, number>();
  const result: LedgerDifferences = { missing: [], double: [], wrong: [], strange: [] };
  for (const row of rows) {
    const key = keyOf(row.request_id, row.batch_index);
    found.set(key, (found.get(key) ?? 0) + 1);
    const entry = answered.get(row.request_id);
    if (!entry && !unanswered.has(row.request_id)) {
      result.strange.push(key);
    }
    if (!isClear(row) || (entry && !isRecordOf(row, entry))) {
      result.wrong.push(`${key}: answered ${JSON.stringify(entry)}, recorded ${JSON.stringify(row)}`);
    }
  }
  result.double = [...found].flatMap(([key, count]) => (count > 1 ? [key] : []));
  result.missing = [...answered].flatMap(([id, entry]) => {
    const missing = expectedKeys(id, entry).filter((key) => !found.has(key));
    return missing.map((key) => `${key}: answered ${entry.status} ${entry.code ?? ''}`.trim());
  });
  return result;
}

/**
 * Lines of a ledger as `falcon audit verify` reads them. A client cannot know whether a request was answered whose
 * connection broke: what the table has of those counts as known.
 */
export function ledgerLines(clients: readonly LedgerClient[], rows: readonly LedgerRow[]): string[] {
  const answered = clients.flatMap((client) => [...client.answered].flatMap(([id, entry]) => expectedKeys(id, entry)));
  const unanswered = new Set(clients.flatMap((client) => [...client.unanswered]));
  const kept = rows.filter(({ request_id }) => unanswered.has(request_id));
  return [...answered, ...kept.map(({ request_id, batch_index }) => keyOf(request_id, batch_index))];
}

/** Codes of answers without a row: what is refused at the gate, and what says itself that it is not on record. */
const UNRECORDED = new Set(['RATE_LIMITED', 'SHED', 'OVERLOADED', 'AUDIT_UNAVAILABLE']);

/** One line for each row that there should be. */
function expectedKeys(id: string, { code, texts }: LedgerEntry): string[] {
  if (code !== undefined && UNRECORDED.has(code)) {
    return [];
  }
  return texts === undefined ? [id] : Array.from({ length: texts }, (_, index) => keyOf(id, index));
}

function keyOf(id: string, index: number | null): string {
  return index === null ? id : `${id},${index}`;
}

/** Success with 200, or a failure with its status and code. */
function isClear({ status, success, error_code }: LedgerRow): boolean {
  return success ? status === 200 && error_code === null : status >= 400 && status < 600 && error_code !== null;
}

/** A record that came too late to be waited for may be in the table although its client was told that it is not. */
function isRecordOf(row: LedgerRow, { status, code }: LedgerEntry): boolean {
  return code === 'AUDIT_UNAVAILABLE' || (row.status === status && row.error_code === (code ?? null));
}
