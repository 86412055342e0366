import { isIntact, JSON_OFFSET, LINE_END } from './spool-line.js';

/** Lines looked at in one go: so many empty ones keep the thread busy for a few milliseconds only. */
const MAX_LINES = 20_000;

/** Bounds of one batch of records. */
export interface BatchLimits {
  maxRecords: number;
  /** UTF-8 bytes of the rows; one record alone may be longer. */
  maxBytes: number;
}

/** What was found in a stretch of a segment. */
export interface ScannedLines {
  /** Bytes that are done with; the rest is looked at next time. */
  consumed: number;
  /** Intact records. */
  records: number;
  /** Bytes at the front of the buffer that now hold their JSON, one a line. */
  rowBytes: number;
  /** What was stepped over: first offset in the buffer, bytes, lines. */
  bad: { from: number; bytes: number; lines: number };
}

/**
 * Takes records off the front of the buffer and packs their JSON together there, in place: no string is made until the
 * batch is complete. `atEnd` says that no more bytes follow, so that a last line without its end is a torn one.
 */
export function scanLines(bytes: Buffer, limits: BatchLimits, atEnd: boolean): ScannedLines {
  const found: ScannedLines = { consumed: 0, records: 0, rowBytes: 0, bad: { from: 0, bytes: 0, lines: 0 } };
  for (let lines = 0; lines < MAX_LINES && found.records < limits.maxRecords; lines++) {
    const start = found.consumed;
    const lineEnd = bytes.indexOf(LINE_END, start);
    if (start === bytes.length || (lineEnd < 0 && !atEnd)) break;
    if (lineEnd < 0 || !isIntact(bytes, start, lineEnd)) {
      stepOver(found, lineEnd < 0 ? bytes.length : lineEnd + 1);
      continue;
    }
    const jsonBytes = lineEnd + 1 - start - JSON_OFFSET;
    if (found.records > 0 && found.rowBytes + jsonBytes > limits.maxBytes + 1) break; // the last line end is not counted
    bytes.copyWithin(found.rowBytes, start + JSON_OFFSET, lineEnd + 1);
    found.rowBytes += jsonBytes;
    found.records++;
    found.consumed = lineEnd + 1;
  }
  return found;
}

function stepOver(found: ScannedLines, to: number): void {
  const { bad } = found;
  if (bad.lines === 0) bad.from = found.consumed;
  bad.bytes += to - found.consumed;
  bad.lines++;
  found.consumed = to;
}
