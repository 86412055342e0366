import { lineBytesBound, putLine } from './spool-line.js';

const FIRST_CAPACITY = 64 * 1024;

/** The records that one write puts on the disk, as bytes, and the one promise that all their callers wait for. */
export class Group {
  readonly settled = Promise.withResolvers<void>();
  readonly startedMs = performance.now();
  records = 0;
  bytes = 0;
  /** Ticks of the watch that it has seen: time as the process lived it, so that a freeze does not count. */
  ticks = 0;

  /** `buffer` is that of an earlier group, used again. */
  constructor(private buffer: Buffer = Buffer.allocUnsafeSlow(FIRST_CAPACITY)) {}

  add(json: string, more?: string): void {
    const needed = this.bytes + lineBytesBound(json, more);
    if (needed > this.buffer.length) this.grow(needed);
    this.bytes += putLine(this.buffer, this.bytes, json, more);
    this.records++;
  }

  content(): Buffer {
    return this.buffer.subarray(0, this.bytes);
  }

  /** The buffer for the next group; a large one is not kept. */
  reusable(): Buffer | undefined {
    return this.buffer.length <= 16 * FIRST_CAPACITY ? this.buffer : undefined;
  }

  private grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.buffer.length));
    this.buffer.copy(larger, 0, 0, this.bytes);
    this.buffer = larger;
  }
}
