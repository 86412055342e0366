import { unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { AcknowledgedFile } from './acknowledged-file.js';
import type { BatchLimits } from './scan-lines.js';
import { segmentFile, type SpoolPosition } from './segment.js';
import { type ReadRecords, SegmentReader, type SegmentReaderOptions } from './segment-reader.js';

/** Records of a spool that travel together. */
export interface SpoolBatch extends Omit<ReadRecords, 'start'> {
  /** Made of the folder and of where the records begin and end in it: the same records have the same id after a restart. */
  id: string;
}

/** A spool, own or adopted, as the shipper sees it: the segments of one folder. */
export class SpoolSource {
  readonly id: string;
  /** Bytes that are readable and not acknowledged. */
  waitingBytes: number;
  /** Records that `onWritten` told of and that are not acknowledged. */
  waitingRecords = 0;
  /** Since when `next` has failed; undefined when it has not. */
  unreadableSinceMs: number | undefined;
  /** Records handed out and not acknowledged, in order. */
  private readonly outstanding: Array<{ end: SpoolPosition; records: number }> = [];
  private readonly reader: SegmentReader;
  private readonly acknowledged: AcknowledgedFile;
  private waiting = Promise.withResolvers<void>();

  /** `settled` is where the acknowledged part ends. */
  constructor(
    protected readonly options: SegmentReaderOptions & { ends: Map<number, number> },
    private settled: SpoolPosition,
  ) {
    this.id = basename(options.folder);
    this.reader = new SegmentReader(options, { ...settled });
    this.acknowledged = new AcknowledgedFile(options.folder, options.log);
    this.waitingBytes = this.countWaitingBytes();
  }

  /** Reads on from the last batch handed out; undefined when there is nothing (yet). One call at a time. */
  async next(limits: BatchLimits): Promise<SpoolBatch | undefined> {
    const read = await this.read(limits);
    if (!read) {
      await this.settleAll();
      return undefined;
    }
    const { start, ...batch } = read;
    this.outstanding.push({ end: batch.end, records: batch.records });
    return { id: `${this.id}-${start.segment}-${start.offset}-${batch.end.offset}`, ...batch };
  }

  /** All up to here is in the table: noted on the disk, and whole segments deleted. */
  async acknowledge(end: SpoolPosition): Promise<void> {
    while (this.outstanding[0] && !isAfter(this.outstanding[0].end, end)) {
      this.waitingRecords -= this.outstanding.shift()?.records ?? 0;
    }
    await this.settle(this.outstanding.length === 0 ? this.reader.position : end);
  }

  /** Resolves when there may be more to read. */
  async whenAppended(): Promise<void> {
    if (this.reader.isAtEnd) await this.waiting.promise;
  }

  /** Whether all that was written is acknowledged. */
  isDrained(): boolean {
    return this.outstanding.length === 0 && this.reader.isAtEnd;
  }

  /** The owner has written more. */
  onWritten(records: number): void {
    this.waitingRecords += records;
    this.waitingBytes = this.countWaitingBytes();
    this.wake();
  }

  /** No more is read; whoever waits for more is let go. */
  async close(): Promise<void> {
    await this.reader.close();
    await this.acknowledged.close();
    this.wake();
  }

  private async read(limits: BatchLimits): Promise<ReadRecords | undefined> {
    try {
      const read = await this.reader.read(limits);
      this.unreadableSinceMs = undefined;
      return read;
    } catch (error) {
      this.unreadableSinceMs ??= Date.now();
      throw error;
    }
  }

  private wake(): void {
    this.waiting.resolve();
    this.waiting = Promise.withResolvers();
  }

  /** Damaged bytes after the last batch belong to no batch: they are done with when all batches are. */
  private async settleAll(): Promise<void> {
    if (this.outstanding.length === 0 && isAfter(this.reader.position, this.settled)) {
      await this.settle(this.reader.position);
    }
  }

  private async settle(position: SpoolPosition): Promise<void> {
    if (!isAfter(position, this.settled)) return;
    this.settled = { ...position };
    this.waitingBytes = this.countWaitingBytes();
    if (this.isDrained()) this.waitingRecords = 0; // damaged ones were never handed out
    await this.deleteSettled();
    await this.acknowledged.save(this.settled);
  }

  /** A whole segment is deleted before the position is saved, so that a full disk gets room for that. */
  private async deleteSettled(): Promise<void> {
    const { ends, folder, log } = this.options;
    for (const segment of ends.keys()) {
      if (segment >= this.settled.segment) return;
      ends.delete(segment);
      await unlink(join(folder, segmentFile(segment))).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return;
        log.warning('A segment of an audit spool is in the table and cannot be deleted', { folder, segment, error });
      });
    }
  }

  private countWaitingBytes(): number {
    let bytes = 0;
    for (const [segment, end] of this.options.ends) {
      if (segment > this.settled.segment) bytes += end;
      else if (segment === this.settled.segment) bytes += Math.max(0, end - this.settled.offset);
    }
    return bytes;
  }
}

function isAfter(a: SpoolPosition, b: SpoolPosition): boolean {
  return a.segment === b.segment ? a.offset > b.offset : a.segment > b.segment;
}
