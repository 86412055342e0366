import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogWriter } from '@app/resilience';
import type { AuditObserver } from '../audit-observer.js';
import { type BatchLimits, type ScannedLines, scanLines } from './scan-lines.js';
import { readHeader, segmentFile, type SpoolPosition } from './segment.js';
import { LINE_END, MAX_LINE_BYTES } from './spool-line.js';

/** Room for the checksums of a batch, so that most batches need one read. */
const CHECKSUM_BYTES = 16 * 1024;

const CREATED_AT = /"created_at":"([^"\\]+)"/;

/** Records read from one segment. */
export interface ReadRecords {
  records: number;
  /** The records as JSON in UTF-8, one a line, without a line end after the last; valid until the next read. */
  rows: Buffer;
  /** RECORD_FORMAT of the Falcon that wrote them. */
  format: number;
  /** `created_at` of the first record. */
  oldestAt: string | undefined;
  /** Where the read began. */
  start: SpoolPosition;
  /** What to acknowledge when the records are in the table. */
  end: SpoolPosition;
}

interface OpenSegment {
  segment: number;
  format: number;
  file: FileHandle;
}

/** What the reader of a folder is told. */
export interface SegmentReaderOptions {
  folder: string;
  /** Readable bytes of each segment, in ascending order; it may grow while it is read. */
  ends: ReadonlyMap<number, number>;
  log: LogWriter;
  observer: Pick<AuditObserver, 'onCorrupt'>;
}

/** Reads a folder's records in order and steps over what is damaged, with a bounded buffer whatever is in the files. */
export class SegmentReader {
  private opened: OpenSegment | undefined;
  private buffer = Buffer.alloc(0);
  private bad = { offset: 0, bytes: 0, lines: 0 };

  /** `position` is where reading goes on. */
  constructor(
    private readonly options: SegmentReaderOptions,
    readonly position: SpoolPosition,
  ) {}

  /** Whether all that is readable has been read. */
  get isAtEnd(): boolean {
    const { segment, offset } = this.position;
    return offset >= (this.options.ends.get(segment) ?? 0) && this.segmentAfter(segment) === undefined;
  }

  /** The next records, of one segment; undefined when there are none (yet). */
  async read(limits: BatchLimits): Promise<ReadRecords | undefined> {
    try {
      for (let current = await this.current(); current; current = await this.current()) {
        const start = { ...this.position };
        const found = await this.scan(current, limits);
        if (found.records > 0) {
          const rows = this.buffer.subarray(0, found.rowBytes - 1);
          const oldestAt = CREATED_AT.exec(firstLine(rows))?.[1];
          const { format } = current;
          return { records: found.records, rows, format, oldestAt, start, end: { ...this.position } };
        }
      }
      this.buffer = Buffer.alloc(0);
      return undefined;
    } finally {
      this.reportBad();
    }
  }

  async close(): Promise<void> {
    const { opened } = this;
    this.opened = undefined;
    await opened?.file.close();
  }

  /** The segment to read from, opened; a finished one is left for the next, a vanished one reported. */
  private async current(): Promise<OpenSegment | undefined> {
    while (!this.isAtEnd) {
      const { segment, offset } = this.position;
      if (offset >= (this.options.ends.get(segment) ?? 0)) {
        await this.moveTo({ segment: this.segmentAfter(segment) as number, offset: 0 });
      } else if (this.opened?.segment === segment) {
        return this.opened;
      } else {
        await this.open(segment);
      }
    }
    return undefined;
  }

  private async open(segment: number): Promise<void> {
    const path = join(this.options.folder, segmentFile(segment));
    try {
      const { format, bytes } = await readHeader(path);
      this.opened = { segment, format, file: await open(path) };
      this.position.offset = Math.max(this.position.offset, bytes);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      this.options.log.error('A segment of an audit spool has vanished, and its records with it', { file: path });
      await this.moveTo({ segment, offset: this.options.ends.get(segment) ?? 0 });
    }
  }

  private async moveTo(position: SpoolPosition): Promise<void> {
    this.reportBad();
    Object.assign(this.position, position);
    await this.close();
  }

  private async scan(current: OpenSegment, limits: BatchLimits): Promise<ScannedLines> {
    const left = (this.options.ends.get(current.segment) ?? 0) - this.position.offset;
    let wanted = Math.min(left, limits.maxBytes + CHECKSUM_BYTES);
    let found = await this.scanBytes(current, wanted, limits);
    if (found.consumed === 0 && wanted < left) {
      wanted = Math.min(left, MAX_LINE_BYTES);
      found = await this.scanBytes(current, wanted, limits);
    }
    if (found.consumed === 0) {
      found.bad = { from: 0, bytes: wanted, lines: 1 }; // no line is that long, or the file has become shorter
      found.consumed = wanted;
    }
    this.noteBad(found.bad);
    this.position.offset += found.consumed;
    return found;
  }

  private async scanBytes({ file }: OpenSegment, wanted: number, limits: BatchLimits): Promise<ScannedLines> {
    if (this.buffer.length < wanted) this.buffer = Buffer.allocUnsafeSlow(wanted);
    const { bytesRead } = await file.read(this.buffer, 0, wanted, this.position.offset);
    const { segment, offset } = this.position;
    const atEnd = offset + wanted >= (this.options.ends.get(segment) ?? 0);
    return scanLines(this.buffer.subarray(0, bytesRead), limits, atEnd);
  }

  private noteBad({ from, bytes, lines }: ScannedLines['bad']): void {
    if (this.bad.lines === 0) this.bad.offset = this.position.offset + from;
    this.bad.bytes += bytes;
    this.bad.lines += lines;
  }

  private reportBad(): void {
    const { offset, bytes, lines } = this.bad;
    if (lines === 0) return;
    const file = join(this.options.folder, segmentFile(this.position.segment));
    this.options.log.error('Damaged records of an audit spool were stepped over', { file, offset, bytes, lines });
    this.options.observer.onCorrupt(lines);
    this.bad = { offset: 0, bytes: 0, lines: 0 };
  }

  private segmentAfter(segment: number): number | undefined {
    for (const each of this.options.ends.keys()) {
      if (each > segment) return each;
    }
    return undefined;
  }
}

function firstLine(rows: Buffer): string {
  const end = rows.indexOf(LINE_END);
  return rows.toString('utf8', 0, end < 0 ? rows.length : end);
}
