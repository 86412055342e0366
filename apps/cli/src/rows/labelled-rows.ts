import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { TextDecoder } from 'node:util';
import { parse } from 'csv-parse/sync';

/** A text and what it is. */
export interface LabelledRow {
  text: string;
  label: string;
}

/** The rows of a file, with its name and hash, so that a model can say what it was made from. */
export interface LabelledRows {
  /** Name of the file, without its folder. */
  name: string;
  sha256: string;
  rows: LabelledRow[];
}

/** Names of the two columns, or members of a JSON line. */
export interface RowColumns {
  text: string;
  label: string;
}

interface Record {
  line: number;
  value: unknown;
}

/**
 * Reads texts and labels from a .jsonl, .csv or .tsv file; the last two begin with a line of column names.
 * CSV fields may be quoted; TSV fields never are, so a quote in one is a quote.
 * @throws {Error} a sentence with file and line, when a row is not a text and a label.
 */
export function readLabelledRows(file: string, columns: RowColumns): LabelledRows {
  const bytes = readFileSync(file);
  const records = parserOf(file)(decode(file, bytes), file);
  const rows = records.map(({ line, value }) => toRow(value, columns, `${file}:${line}`));
  if (rows.length === 0) throw new Error(`${file}: there are no rows in it`);
  return { name: basename(file), sha256: createHash('sha256').update(bytes).digest('hex'), rows };
}

function parserOf(file: string): (content: string, file: string) => Record[] {
  switch (extname(file).toLowerCase()) {
    case '.jsonl':
    case '.ndjson':
      return parseJsonLines;
    case '.csv':
      return (content) => parseTable(content, file, { delimiter: ',', quote: '"' });
    case '.tsv':
      return (content) => parseTable(content, file, { delimiter: '\t', quote: null });
    default:
      throw new Error(`${file}: the name must end in .jsonl, .csv or .tsv`);
  }
}

function decode(file: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes); // a byte order mark is left out
  } catch (error) {
    throw new Error(`${file}: it is not UTF-8`, { cause: error });
  }
}

function parseJsonLines(content: string, file: string): Record[] {
  return content.split('\n').flatMap((json, index) => {
    if (json.trim() === '') return [];
    try {
      return [{ line: index + 1, value: JSON.parse(json) as unknown }];
    } catch (error) {
      throw new Error(`${file}:${index + 1}: it is not JSON: ${(error as Error).message}`, { cause: error });
    }
  });
}

function parseTable(content: string, file: string, form: { delimiter: string; quote: string | null }): Record[] {
  try {
    const rows = parse(content, { ...form, columns: true, info: true, skip_empty_lines: true }) as unknown as {
      info: { lines: number };
      record: unknown;
    }[];
    return rows.map(({ info, record }) => ({ line: info.lines, value: record }));
  } catch (error) {
    const { message, lines } = error as Error & { lines?: number };
    throw new Error(`${file}:${lines ?? 1}: ${message}`, { cause: error });
  }
}

function toRow(value: unknown, columns: RowColumns, place: string): LabelledRow {
  const members = (typeof value === 'object' ? value : null) as { [name: string]: unknown } | null;
  const text = members?.[columns.text];
  const label = members?.[columns.label];
  if (typeof text !== 'string' || text.trim() === '') throw new Error(`${place}: "${columns.text}" is not a text`);
  if (typeof label !== 'string' || label === '') throw new Error(`${place}: "${columns.label}" is not a label`);
  return { text, label };
}
