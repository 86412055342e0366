/** Weight of the newest batch in the running means. */
const SMOOTHING = 0.05;
/** Batches of one size say nothing of what an item adds; below this variance of their sizes what is known is kept. */
const LEAST_VARIANCE = 0.02;
/** One batch in so many is of another size, so that sizes vary: whatever was learnt wrong is found out. */
const EXPLORING = 16;
/** Its size where nothing bounds it. */
const EXPLORED_ITEMS = 8;

/** How long a model's batches take: a line through the latest ones, because items of a batch may share much of its cost. */
export class BatchTime {
  private batches = 0;
  private items = 0;
  private ms = 0;
  private squares = 0;
  private products = 0;
  /** Part of a batch's time that is its items' own; 0..1. */
  private ownShare = 0;

  /** A batch of so many items has taken so long. */
  add(items: number, ms: number): void {
    const weight = Math.max(SMOOTHING, 1 / ++this.batches);
    this.items += weight * (items - this.items);
    this.ms += weight * (ms - this.ms);
    this.squares += weight * (items * items - this.squares);
    this.products += weight * (items * ms - this.products);
    const variance = this.squares - this.items ** 2;
    if (variance < LEAST_VARIANCE) return;
    const msPerItem = (this.products - this.items * this.ms) / variance;
    this.ownShare = Math.min(1, Math.max(0, (msPerItem * this.items) / this.ms));
  }

  /** What an item adds to the time of a batch; 0 while that is not known. */
  get msPerItem(): number {
    return this.items === 0 ? 0 : (this.ownShare * this.ms) / this.items;
  }

  /** How many items add so many ms to a batch, at least one; now and then another number. */
  mostItems(ms: number): number {
    const most = Math.max(1, Math.round(ms / this.msPerItem));
    if (this.batches % EXPLORING !== 1) return most;
    if (most === Infinity) return EXPLORED_ITEMS;
    return most === 1 ? 2 : Math.floor(most / 2); // a shorter one keeps nobody waiting
  }
}
