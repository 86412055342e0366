import type { SpoolBatch } from '../spool/spool-source.js';
import { packJob, type PackedJob } from './job-codec.js';

/** A stretch of the spool on its way through the queue. */
export interface Shipment extends Pick<SpoolBatch, 'id' | 'records' | 'oldestAt' | 'end'> {
  /** Kept to be sent again should the queue lose it. */
  job: PackedJob | undefined;
}

/** Makes a batch ready for the queue. */
export async function shipmentOf(batch: SpoolBatch): Promise<Shipment> {
  const { id, records, oldestAt, end } = batch;
  return { id, records, oldestAt, end, job: await packJob(batch) };
}

/** Shipments that are under way, oldest first, with the bounds that keep them few while nothing gets through. */
export class Shipments {
  private readonly list: Shipment[] = [];
  private bytes = 0;

  constructor(
    private readonly maxJobs: number,
    private readonly maxBytes: number,
  ) {}

  get size(): number {
    return this.list.length;
  }

  get oldest(): Shipment | undefined {
    return this.list[0];
  }

  isFull(): boolean {
    return this.list.length >= this.maxJobs || this.bytes >= this.maxBytes;
  }

  add(shipment: Shipment): void {
    this.list.push(shipment);
    this.bytes += bytesOf(shipment);
  }

  /** The oldest `count` of them. */
  first(count: number): readonly Shipment[] {
    return this.list.slice(0, count);
  }

  /** Once the list is full, the newest one's job is not kept: it cannot be sent again. */
  forgetJobBeyondBounds(): void {
    const newest = this.list.at(-1);
    if (newest && this.isFull()) {
      this.bytes -= bytesOf(newest);
      newest.job = undefined;
    }
  }

  /** Takes the oldest `count` off the list. */
  drop(count: number): void {
    for (const shipment of this.list.splice(0, count)) {
      this.bytes -= bytesOf(shipment);
    }
  }
}

function bytesOf({ job }: Shipment): number {
  return job?.zstd.length ?? 0;
}
