import { InferenceCancelledError, InferenceDeadlineError, type WorkerLostError } from '../inference.errors.js';
import type { CallOptions } from '../inference.options.js';
import type { NamedTensors } from '../tensors.js';
import { byteLength, shapeKey } from '../tensor-batch.js';

/** What one caller wants computed. */
export type ItemInput = { text: string } | { tensors: NamedTensors };

/** What was computed of one item. */
export type ItemOutput = { probabilities: Float32Array } | { tensors: NamedTensors };

/** An answer and the time that its batch took, in ms. */
export interface ItemAnswer {
  output: ItemOutput;
  computeMs: number;
}

/** One caller's item on its way through queue and worker; it is settled exactly once. */
export class PendingItem {
  readonly answer: Promise<ItemAnswer>;
  readonly enqueuedMs = performance.now();
  /** Its place in the queue: the least goes first. */
  readonly rankMs: number;
  /** Since when it waits: an item of a lost worker does so again. */
  queuedMs = this.enqueuedMs;
  /** Items of equal group may share a batch. */
  readonly group: string;
  /** Bytes of input that count against the batch's cap; texts are split in the worker, where their features are known. */
  readonly bytes: number;
  /** A worker was lost with this item: it is computed once more, alone, so that it cannot take others with it again. */
  isRetry = false;
  /** Since when a worker computes it; undefined while none does. */
  begunMs: number | undefined;

  private lostWorker: WorkerLostError | undefined;
  private settled = false;
  private resolve!: (answer: ItemAnswer) => void;
  private reject!: (error: Error) => void;

  constructor(
    readonly input: ItemInput,
    private readonly call: CallOptions,
  ) {
    this.answer = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.rankMs = this.enqueuedMs - (call.headStartMs ?? 0);
    this.group = 'tensors' in input ? shapeKey(input.tensors) : '';
    this.bytes = 'tensors' in input ? byteLength(input.tensors) : 0;
  }

  /** What whoever traces this call knows it by. */
  get span(): object | undefined {
    return this.call.span;
  }

  get isSettled(): boolean {
    return this.settled;
  }

  /** A worker begins with it. */
  begin(nowMs: number): void {
    this.begunMs = nowMs;
    this.call.onBegun?.(nowMs);
  }

  /**
   * The worker that had the item is gone. What it had begun with says so if there is no time for another try; the rest waits on
   * as if nothing had happened, because another batch is to blame.
   */
  lose(error: WorkerLostError): void {
    if (this.begunMs === undefined) return;
    this.isRetry = true;
    this.lostWorker = error;
    this.begunMs = undefined;
    this.queuedMs = performance.now();
  }

  succeed(answer: ItemAnswer): void {
    this.settled = true;
    this.resolve(answer);
  }

  fail(error: Error): void {
    this.settled = true;
    this.reject(error);
  }

  /** Settles the item when nobody wants it any more. Returns whether it is settled, for whatever reason. */
  expire(nowMs: number): boolean {
    if (this.settled) return true;
    if (this.call.signal?.aborted) this.fail(new InferenceCancelledError());
    else if (this.call.deadlineMs !== undefined && nowMs >= this.call.deadlineMs) {
      this.fail(this.lostWorker ?? new InferenceDeadlineError(this.begunMs === undefined ? 'queue' : 'inference'));
    }
    return this.settled;
  }
}
