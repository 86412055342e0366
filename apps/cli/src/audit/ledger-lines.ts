import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { LedgerEntry } from '@app/audit-log';

const LINE = /^([^\s,]{1,255})(?:,(\d{1,4}))?$/;

/** The answers that a client has noted: `request_id` or `request_id,batch_index` a line, of a file or `-`, standard input. */
export async function* readLedger(path: string): AsyncGenerator<LedgerEntry> {
  let number = 0;
  for await (const line of await linesOf(path)) {
    number++;
    if (line.trim() === '') continue;
    const [, requestId, batchIndex] = LINE.exec(line.trim()) ?? [];
    if (requestId === undefined) {
      throw new Error(`line ${number} of the ledger is not "request_id" or "request_id,batch_index"`);
    }
    yield { requestId, ...(batchIndex !== undefined && { batchIndex: Number(batchIndex) }) };
  }
}

async function linesOf(path: string): Promise<AsyncIterable<string>> {
  if (path === '-') return createInterface({ input: process.stdin, crlfDelay: Infinity });
  try {
    return (await open(path)).readLines();
  } catch (error) {
    throw new Error(`the ledger cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
