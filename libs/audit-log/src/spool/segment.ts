import { open, readdir } from 'node:fs/promises';
import { RECORD_FORMAT } from '../audit-record.js';
import { firstJson, lineOf } from './spool-line.js';

/** A place in a spool: everything before `offset` of that segment, and all earlier segments. */
export interface SpoolPosition {
  segment: number;
  offset: number;
}

const NAME = /^(\d{10})\.log$/;
const HEADER_JSON = /^\{"spool_format":(\d+)\}$/;
const HEADER_BYTES_READ = 128;
/** Bytes looked at in one go for the end of the records. */
const TAIL_BYTES_READ = 64 * 1024;

/** First line of every segment: a line like all others, so that a flipped bit in it is noticed, too. */
export const SEGMENT_HEADER = lineOf(`{"spool_format":${RECORD_FORMAT}}`);

/** Name of a segment's file. */
export function segmentFile(segment: number): string {
  return `${String(segment).padStart(10, '0')}.log`;
}

/** Numbers of a folder's segments, ascending. */
export async function listSegments(folder: string): Promise<number[]> {
  const names = await readdir(folder);
  return names
    .flatMap((name) => NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/** What a segment's first line says of the records after it. */
export interface SegmentHeader {
  format: number;
  /** 0 when the header is damaged or missing; the records are then read as those of this version. */
  bytes: number;
}

/** Reads the header of a segment; a damaged one is no error, because every record has its own checksum. */
export async function readHeader(path: string): Promise<SegmentHeader> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEADER_BYTES_READ), 0, HEADER_BYTES_READ, 0);
    const start = buffer.subarray(0, bytesRead);
    const format = HEADER_JSON.exec(firstJson(start) ?? '')?.[1];
    return format ? { format: Number(format), bytes: start.indexOf('\n') + 1 } : { format: RECORD_FORMAT, bytes: 0 };
  } finally {
    await file.close();
  }
}

/**
 * Bytes of a segment without the zeros that were written ahead of its records: no record has a byte that is zero. A file of
 * nothing but zeros has lost even its header, and counts whole.
 */
export async function writtenBytes(path: string): Promise<number> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const tail = Buffer.alloc(TAIL_BYTES_READ);
    for (let end = size; end > 0; end -= tail.length) {
      const from = Math.max(0, end - tail.length);
      const { bytesRead } = await file.read(tail, 0, end - from, from);
      const last = tail.subarray(0, bytesRead).findLastIndex((byte) => byte !== 0);
      if (last >= 0) return from + last + 1;
    }
    return size;
  } finally {
    await file.close();
  }
}
