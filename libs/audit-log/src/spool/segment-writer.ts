import { close, constants, fdatasync, fstat, ftruncate, open, write, writeSync } from 'node:fs';
import { open as openFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SEGMENT_HEADER, segmentFile } from './segment.js';

const openAsync = promisify(open);
const closeAsync = promisify(close);
const truncateAsync = promisify(ftruncate);
const syncAsync = promisify(fdatasync);
const statAsync = promisify(fstat);

const { O_CREAT, O_TRUNC, O_WRONLY, O_DSYNC } = constants;
/** On Linux a write can carry its sync with it: half the cost of a second call. Elsewhere it may promise less than a sync does. */
const CAN_SYNC_IN_WRITE = process.platform === 'linux';
const SYNC_FLAG = CAN_SYNC_IN_WRITE ? O_DSYNC : 0;

/** A write into the page cache takes microseconds; one that takes so long tells of a disk that cannot keep up. */
const SLOW_MS = 20;
/** After such a write all go through the thread pool for so long. */
const WARY_MS = 10_000;

/** How often to look whether somebody has deleted the file that is being written. */
const LOOK_MS = 1000;

/** Zeros are written ahead of records that are synced: as many bytes as the segment has already, within these bounds. */
const AHEAD = { minBytes: 64 * 1024, maxBytes: 1024 * 1024 };
const ZEROS = Buffer.alloc(AHEAD.maxBytes);

/** How a folder's segments are written. */
export interface SegmentWriterOptions {
  folder: string;
  /** Whether each write waits until the disk itself has it. */
  sync: boolean;
  /** A segment of this size is followed by a new one. */
  segmentBytes: number;
  /** Called when the file or its folder is gone: makes the folder again. */
  onDeleted: () => Promise<void>;
}

/**
 * Appends to numbered segment files, one write at a time (the caller's duty). What a failed write left behind is cut
 * off, or given up with its segment: `ends` says how far each segment can be trusted.
 *
 * A file that is synced grows in the background, by zeros: a record written over them needs no new blocks, so that its sync
 * waits for no journal of the file system (etcd and Postgres fill their write-ahead logs for the same reason).
 */
export class SegmentWriter {
  /** Readable bytes of each segment, in ascending order; whoever deletes a segment deletes its entry. */
  readonly ends = new Map<number, number>();
  private descriptor: number | undefined;
  private segment = 0;
  private offset = 0;
  /** Where the zeros end; there are none behind the records when it is not after `offset`. */
  private filledTo = 0;
  /** Under way from `filledTo` on. */
  private filling: Promise<void> | undefined;
  private canFill = false;
  private lookedMs = -Infinity;
  private waryUntilMs = -Infinity;

  constructor(private readonly options: SegmentWriterOptions) {}

  /**
   * Writes on this thread, which costs a tenth of the way to the thread pool and back, if that is into the page cache alone and
   * the disk has been quick of late. False: nothing counts as written, whatever the reason, and `write` is to be asked.
   */
  writeNow(bytes: Buffer): boolean {
    const { descriptor, offset, options } = this;
    const nowMs = performance.now();
    const isPlain = descriptor !== undefined && !options.sync && offset < options.segmentBytes;
    if (!isPlain || nowMs < this.waryUntilMs || nowMs - this.lookedMs >= LOOK_MS) return false;
    let written = 0;
    try {
      written = writeSync(descriptor, bytes, 0, bytes.length, offset);
    } catch {
      return false; // `write` meets the same error, and deals with it
    }
    if (performance.now() - nowMs > SLOW_MS) this.waryUntilMs = performance.now() + WARY_MS;
    if (written < bytes.length) return false;
    this.offset += written;
    this.ends.set(this.segment, this.offset);
    return true;
  }

  /** Resolves when all bytes are written, and on the disk where that is asked for; rejects when none count. */
  async write(bytes: Buffer): Promise<void> {
    if (this.offset >= this.options.segmentBytes || (await this.isDeleted())) await this.close();
    this.descriptor ??= await this.startSegment();
    if (this.offset + bytes.length > this.filledTo) await this.filling; // whose zeros would be written over these bytes
    try {
      await this.writeAt(this.descriptor, bytes, this.offset);
    } catch (error) {
      await this.cutOff(this.descriptor, error);
      throw error;
    }
    this.offset += bytes.length;
    this.ends.set(this.segment, this.offset);
    if (this.canFill && !this.filling) this.fillAhead();
  }

  async close(): Promise<void> {
    const { descriptor } = this;
    this.descriptor = undefined;
    await this.filling;
    if (descriptor === undefined) return;
    if (this.filledTo > this.offset) await truncateAsync(descriptor, this.offset).catch(() => undefined); // readers step over zeros
    await closeAsync(descriptor);
  }

  /** Nobody waits for it but a write that has come up with it. */
  private fillAhead(): void {
    const from = Math.max(this.filledTo, this.offset);
    const wanted = Math.min(Math.max(from, AHEAD.minBytes), AHEAD.maxBytes);
    const bytes = Math.min(wanted, this.options.segmentBytes - from);
    if (bytes <= 0 || from - this.offset > wanted / 2) return;
    this.filledTo = from;
    this.filling = this.writeZeros(from, bytes).then(
      () => this.onFilled(from + bytes),
      () => this.onFilled(undefined),
    );
  }

  /** Through a descriptor of its own: the kernel tells each of a failed write to the disk once, and that of the records must hear of it. */
  private async writeZeros(from: number, bytes: number): Promise<void> {
    const path = join(this.options.folder, segmentFile(this.segment));
    const descriptor = await openAsync(path, O_WRONLY | SYNC_FLAG);
    try {
      await this.writeAt(descriptor, ZEROS.subarray(0, bytes), from);
    } finally {
      await closeAsync(descriptor);
    }
  }

  /** Without zeros ahead, records are appended: should the disk be full or broken, they find out themselves. */
  private onFilled(filledTo: number | undefined): void {
    this.filling = undefined;
    this.canFill = filledTo !== undefined;
    this.filledTo = filledTo ?? this.filledTo;
  }

  /** What is written to a deleted file would be lost without anybody noticing. */
  private async isDeleted(): Promise<boolean> {
    const nowMs = performance.now();
    if (this.descriptor === undefined || nowMs - this.lookedMs < LOOK_MS) return false;
    if ((await statAsync(this.descriptor)).nlink > 0) {
      this.lookedMs = nowMs;
      return false;
    }
    await this.options.onDeleted(); // until that succeeds each write looks again, and none counts
    return true;
  }

  /** The number is used up only when the header is written: a full disk does not collect empty files. */
  private async startSegment(): Promise<number> {
    const { folder, sync } = this.options;
    const segment = this.segment + 1;
    const path = join(folder, segmentFile(segment));
    const descriptor = await this.openNew(path);
    try {
      await this.writeAt(descriptor, SEGMENT_HEADER, 0);
      if (sync) await syncFolder(folder);
    } catch (error) {
      await closeAsync(descriptor);
      await unlink(path);
      throw error;
    }
    this.segment = segment;
    this.offset = SEGMENT_HEADER.length;
    this.filledTo = 0;
    this.canFill = sync;
    this.ends.set(segment, this.offset);
    return descriptor;
  }

  private async openNew(path: string): Promise<number> {
    const flags = O_CREAT | O_TRUNC | O_WRONLY | (this.options.sync ? SYNC_FLAG : 0);
    try {
      return await openAsync(path, flags, 0o600);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      await this.options.onDeleted();
      return openAsync(path, flags, 0o600);
    }
  }

  private async writeAt(descriptor: number, bytes: Buffer, position: number): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const written = await writeOnce(descriptor, bytes, done, position + done);
      if (written === 0) throw new Error('The disk took no byte.');
      done += written;
    }
    if (this.options.sync && !CAN_SYNC_IN_WRITE) await syncAsync(descriptor);
  }

  /**
   * After an error of the disk nobody knows what it has of the file: one that holds records gets no more of them. What
   * cannot be cut off does no harm, because readers go by `ends`, and after a crash by the checksums.
   */
  private async cutOff(descriptor: number, cause: unknown): Promise<void> {
    const isFull = ['ENOSPC', 'EDQUOT'].includes((cause as NodeJS.ErrnoException).code ?? '');
    const isFresh = this.offset === SEGMENT_HEADER.length;
    await this.filling;
    const isCut = await truncateAsync(descriptor, this.offset).then(
      () => true,
      () => false,
    );
    if (isCut) this.filledTo = this.offset;
    if (isCut && (isFull || isFresh)) return;
    this.descriptor = undefined;
    await closeAsync(descriptor).catch(() => undefined);
  }
}

/** Makes the names in a folder survive a loss of power. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await openFile(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function writeOnce(descriptor: number, bytes: Buffer, from: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(descriptor, bytes, from, bytes.length - from, position, (error, written) => {
      if (error) reject(error);
      else resolve(written);
    });
  });
}
