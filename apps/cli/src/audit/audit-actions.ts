import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { constants } from 'node:os';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { loadAuditTools, type AuditTools, type LedgerReport } from '@app/audit-log';
import type { LogWriter } from '@app/resilience';
import { loadAuditConfig } from '../config.js';
import { toStdout } from '../to-stdout.js';
import { TROUBLE } from '../trouble.js';
import { DIFFERENCES, type ExportOptions, type TailCommandOptions, type VerifyOptions } from './audit.options.js';
import { readLedger } from './ledger-lines.js';
import { rowLine } from './row-line.js';
import { isTroubled, statusReport } from './status-report.js';

/** Prints how spools, queue and table are. */
export function showStatus({ json }: { json?: boolean }): Promise<number> {
  return withTools(async (tools, signal) => {
    const status = await unless(signal, tools.status());
    console.log(json ? JSON.stringify(status, null, 2) : statusReport(status));
    return isTroubled(status) ? TROUBLE : 0;
  });
}

/** Prints rows as they come, until Ctrl-C or until nobody reads them. */
export function followRows({ last, json }: TailCommandOptions): Promise<number> {
  return withTools(async (tools, signal) => {
    const rows = tools.tail({ last, signal });
    const lines = Readable.from(mapped(rows, (row) => `${json ? JSON.stringify(row) : rowLine(row)}\n`));
    await unless(signal, toStdout(lines)).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    return 0;
  });
}

/** Writes the rows of a range. */
export function writeExport({ from, to, format, out }: ExportOptions): Promise<number> {
  return withTools(async (tools, signal) => {
    const text = Readable.from(tools.export({ from, to }, format), { highWaterMark: 1 });
    await (out === undefined ? unless(signal, toStdout(text)) : toFile(text, out, signal));
    return 0;
  });
}

/** Compares a ledger with the table. */
export function verifyLedger(ledger: string, { from, to, exact, show, json }: VerifyOptions): Promise<number> {
  return withTools(async (tools, signal) => {
    const bounds = { range: { from, to }, maxDifferences: show };
    const report = await unless(signal, tools.verify(readLedger(ledger), bounds));
    console.log(json ? JSON.stringify(report, null, 2) : ledgerReport(report));
    return report.missing + report.double + (exact ? report.extra : 0) > 0 ? DIFFERENCES : 0;
  });
}

/** Makes the tables or brings them up to date. */
export function migrate(): Promise<number> {
  return withTools(async (tools, signal) => {
    const applied = await unless(signal, tools.migrate());
    console.log(applied.length === 0 ? 'The tables are up to date.' : `Applied ${applied.join(', ')}.`);
    return 0;
  });
}

/** Whatever ends the work, a signal too, lets go of an embedded Postgres, which would outlive the command. */
async function withTools(work: (tools: AuditTools, signal: AbortSignal) => Promise<number>): Promise<number> {
  const Tools = await loadAuditTools();
  const tools = new Tools(loadAuditConfig(), TERMINAL);
  const interrupt = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupt.abort(name));
  try {
    return await work(tools, interrupt.signal);
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
  } finally {
    await tools.close();
  }
  // What the work still waits for, a lock or a line of standard input, may never come.
  process.exit(128 + constants.signals[interrupt.signal.reason as NodeJS.Signals]);
}

/** Waits for the work, and no longer than until the signal. */
function unless<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return Promise.race([work, once(signal, 'abort').then(() => Promise.reject(signal.reason))]);
}

/** Errors end the command and are printed then; what is only informative stays out of the way. */
const TERMINAL: LogWriter = {
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

async function toFile(text: Readable, path: string, signal: AbortSignal): Promise<void> {
  const unfinished = `${path}.unfinished`;
  try {
    await unless(signal, pipeline(text, createWriteStream(unfinished)));
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}
