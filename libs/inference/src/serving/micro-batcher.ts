import { InferenceQueueFullError } from '../inference.errors.js';
import type { PendingItem } from './pending-item.js';

/** Bounds of the batches of one model version. */
export interface MicroBatcherOptions {
  /** For messages. */
  model: string;
  /** Most items of a batch; 1 for a model whose first dimension is fixed. */
  maxItems: number;
  /** Most bytes of input of a batch. */
  maxBytes: number;
  /** Most items that wait. */
  maxWaiting: number;
  /** How long the first item waits for company although a worker is idle, in ms. */
  timeoutMs: number;
}

/**
 * The queue of one model version. It has no timer and no worker: whoever has an idle worker takes what waits, so a batch
 * is as large as the load makes it: one item when idle, `maxItems` when saturated. Urgent items come before those that
 * waited a little longer, and nothing waits for ever: everything grows old.
 */
export class MicroBatcher {
  /** By rank, behind the items of lost workers. */
  private items: PendingItem[] = [];

  constructor(readonly options: MicroBatcherOptions) {}

  get waiting(): number {
    return this.items.length;
  }

  /** Whether the next batch is an item that a lost worker had. */
  get startsWithRetry(): boolean {
    return this.items[0]?.isRetry ?? false;
  }

  /** Rank of the first in line, Infinity when none waits. */
  get firstRankMs(): number {
    return this.items[0]?.rankMs ?? Infinity;
  }

  /** When the oldest item was enqueued (`performance.now()`), Infinity when none waits. */
  get oldestMs(): number {
    return this.items.reduce((oldestMs, { enqueuedMs }) => Math.min(oldestMs, enqueuedMs), Infinity);
  }

  /** When the waiting items should be taken (`performance.now()`), Infinity when none waits. */
  get dueMs(): number {
    return this.items.length >= this.options.maxItems ? -Infinity : this.oldestMs + this.options.timeoutMs;
  }

  /**
   * Where as many wait as may, the last in rank has to go: the newcomer, or one that waits.
   * @param msPerItem what one takes at present
   * @throws {InferenceQueueFullError} when it is the newcomer
   */
  add(item: PendingItem, msPerItem: number, nowMs = item.enqueuedMs): void {
    const { maxWaiting } = this.options;
    if (this.items.length >= maxWaiting) this.sweep(nowMs); // whoever has left does not keep others out
    const isFull = this.items.length >= maxWaiting;
    const before = this.items.findLastIndex((waiting) => !isBehind(waiting, item));
    if (before === this.items.length - 1) this.items.push(item);
    else this.items.splice(before + 1, 0, item);
    if (isFull) this.refuseLast(item, msPerItem);
  }

  /**
   * Puts items that a lost worker had back: in front those that it had begun with, the others by rank. They were admitted
   * once and are not refused now.
   */
  putBack(items: readonly PendingItem[]): void {
    this.items = [...items, ...this.items].sort((a, b) =>
      a.isRetry || b.isRetry ? Number(b.isRetry) - Number(a.isRetry) : a.rankMs - b.rankMs,
    );
  }

  /**
   * Takes the next batch in order of rank: items of one group, within the bounds; expired ones are dropped here.
   * @param mostItems fewer than `maxItems` where a batch of so many would take too long
   */
  take(nowMs: number, mostItems = Infinity): PendingItem[] {
    const most = Math.min(this.options.maxItems, mostItems);
    const batch: PendingItem[] = [];
    const passed: PendingItem[] = [];
    let bytes = 0;
    let next = 0;
    for (; next < this.items.length && batch.length < most; next++) {
      const item = this.items[next] as PendingItem;
      if (item.expire(nowMs)) continue;
      if (batch.length > 0 && !this.fits(batch[0] as PendingItem, item, bytes)) {
        passed.push(item);
        continue;
      }
      batch.push(item);
      bytes += item.bytes;
    }
    this.items = passed.length > 0 ? [...passed, ...this.items.slice(next)] : this.items.slice(next);
    return batch;
  }

  /** Drops items that expired while they waited. */
  sweep(nowMs: number): void {
    this.items = this.items.filter((item) => !item.expire(nowMs));
  }

  /** Empties the queue; the caller settles what it gets. */
  clear(): PendingItem[] {
    return this.items.splice(0);
  }

  private refuseLast(newcomer: PendingItem, msPerItem: number): void {
    const last = this.items.pop();
    const drainSeconds = (this.items.length * msPerItem) / 1000;
    const { model } = this.options;
    const full = new InferenceQueueFullError(model, this.items.length, Math.max(1, Math.ceil(drainSeconds)));
    if (last === newcomer) throw full;
    last?.fail(full);
  }

  private fits(first: PendingItem, item: PendingItem, bytes: number): boolean {
    if (first.isRetry || item.isRetry) return false;
    return item.group === first.group && bytes + item.bytes <= this.options.maxBytes;
  }
}

function isBehind(waiting: PendingItem, item: PendingItem): boolean {
  return !waiting.isRetry && waiting.rankMs > item.rankMs;
}
