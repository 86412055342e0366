import { closeSync, copyFileSync, fstatSync, openSync, readSync, statSync, truncateSync } from 'node:fs';

const MAX_LOG_BYTES = 8 * 1024 * 1024;
const TAIL_BYTES = 16 * 1024;

/** Keeps the log below its bound: what is over is moved to `<log>.1`, which is replaced. The server appends, so it goes on. */
export function boundLog(path: string, maxBytes = MAX_LOG_BYTES): void {
  if (sizeOf(path) <= maxBytes) return;
  try {
    copyFileSync(path, `${path}.1`);
  } catch {
    // A disk that has no room for it needs the room that it takes.
  }
  truncateSync(path);
}

/** Bytes of a file, 0 when there is none. */
export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** What the server wrote to its log from `offset` on, its last lines if that is much. */
export function readLogFrom(path: string, offset: number): string {
  if (sizeOf(path) <= offset) return '';
  const file = openSync(path, 'r');
  try {
    const start = Math.max(offset, fstatSync(file).size - TAIL_BYTES);
    const buffer = Buffer.alloc(TAIL_BYTES);
    return buffer.toString('utf8', 0, readSync(file, buffer, 0, TAIL_BYTES, start));
  } finally {
    closeSync(file);
  }
}
