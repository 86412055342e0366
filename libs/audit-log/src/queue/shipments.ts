import type { SpoolBatch } from '../spool/spool.js';

/** Batches on their way through the queue, oldest first, with the bounds that keep them few while nothing gets through. */
export class Shipments {
  private readonly list: SpoolBatch[] = [];
  private characters = 0;

  constructor(
    private readonly maxJobs: number,
    private readonly maxCharacters: number,
  ) {}

  get size(): number {
    return this.list.length;
  }

  get oldest(): SpoolBatch | undefined {
    return this.list[0];
  }

  isFull(): boolean {
    return this.list.length >= this.maxJobs || this.characters >= this.maxCharacters;
  }

  add(batch: SpoolBatch): void {
    this.list.push(batch);
    this.characters += batch.rows.length;
  }

  /** The oldest `count` of them. */
  first(count: number): readonly SpoolBatch[] {
    return this.list.slice(0, count);
  }

  /** Once the list is full, the newest one's rows are not kept: it cannot be sent again. */
  forgetRowsBeyondBounds(): void {
    const newest = this.list.at(-1);
    if (newest && this.isFull()) {
      this.characters -= newest.rows.length;
      newest.rows = '';
    }
  }

  /** Takes the oldest `count` off the list. */
  drop(count: number): void {
    for (const { rows } of this.list.splice(0, count)) {
      this.characters -= rows.length;
    }
  }
}
