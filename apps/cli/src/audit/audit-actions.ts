import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { loadAuditTools, type AuditTools, type LedgerReport, type LogWriter } from '@app/audit-log';
import { loadAuditConfig } from '../config.js';
import { toStdout } from '../to-stdout.js';
import {
  DIFFERENCES,
  TROUBLE,
  type ExportOptions,
  type TailCommandOptions,
  type VerifyOptions,
} from './audit.options.js';
import { readLedger } from './ledger-lines.js';
import { rowLine } from './row-line.js';
import { isTroubled, statusReport } from './status-report.js';

/** Prints how spools, queue and table are. */
export function showStatus({ json }: { json?: boolean }): Promise<number> {
  return withTools(async (tools) => {
    const status = await tools.status();
    console.log(json ? JSON.stringify(status, null, 2) : statusReport(status));
    return isTroubled(status) ? TROUBLE : 0;
  });
}

/** Prints rows as they come, until Ctrl-C or until nobody reads them. */
export function followRows({ last, json }: TailCommandOptions): Promise<number> {
  return withTools(async (tools) => {
    const stop = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
    const rows = tools.tail({ last, signal: stop.signal });
    const lines = Readable.from(mapped(rows, (row) => `${json ? JSON.stringify(row) : rowLine(row)}\n`));
    await toStdout(lines);
    return 0;
  });
}

/** Writes the rows of a range. */
export function writeExport({ from, to, format, out }: ExportOptions): Promise<number> {
  return withTools(async (tools) => {
    const text = Readable.from(tools.export({ from, to }, format), { highWaterMark: 1 });
    await (out === undefined ? toStdout(text) : toFile(text, out));
    return 0;
  });
}

/** Compares a ledger with the table. */
export function verifyLedger(ledger: string, { from, to, exact, show, json }: VerifyOptions): Promise<number> {
  return withTools(async (tools) => {
    const report = await tools.verify(readLedger(ledger), { range: { from, to }, maxDifferences: show });
    console.log(json ? JSON.stringify(report, null, 2) : ledgerReport(report));
    return report.missing + report.double + (exact ? report.extra : 0) > 0 ? DIFFERENCES : 0;
  });
}

/** Makes the tables or brings them up to date. */
export function migrate(): Promise<number> {
  return withTools(async (tools) => {
    const applied = await tools.migrate();
    console.log(applied.length === 0 ? 'The tables are up to date.' : `Applied ${applied.join(', ')}.`);
    return 0;
  });
}

async function withTools(work: (tools: AuditTools) => Promise<number>): Promise<number> {
  const Tools = await loadAuditTools();
  const tools = new Tools(loadAuditConfig(), TERMINAL);
  try {
    return await work(tools);
  } finally {
    await tools.close();
  }
}

/** Errors end the command and are printed then; what is only informative stays out of the way. */
const TERMINAL: LogWriter = {
  debug: () => undefined,
  info: () => undefined,
  warning: (message) => console.error(`falcon: ${message}`),
  error: (message) => console.error(`falcon: ${message}`),
};

function ledgerReport({ answers, rows, missing, double, extra, differences }: LedgerReport): string {
  const lines = differences.map(({ kind, requestId, batchIndex, ...counts }) => {
    const place = typeof batchIndex === 'number' ? `,${batchIndex}` : '';
    return `${kind.padEnd(8)} ${requestId}${place}  (${counts.answers} answered, ${counts.rows} in the table)`;
  });
  return [`${answers} answered, ${rows} rows: ${missing} missing, ${double} double, ${extra} extra`, ...lines].join(
    '\n',
  );
}

async function* mapped<T>(items: AsyncIterable<T>, change: (item: T) => string): AsyncGenerator<string> {
  for await (const item of items) yield change(item);
}

async function toFile(text: Readable, path: string): Promise<void> {
  const unfinished = `${path}.unfinished`;
  try {
    await pipeline(text, createWriteStream(unfinished));
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}
