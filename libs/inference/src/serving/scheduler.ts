import type { LogWriter } from '@app/resilience';
import { InferenceFailedError, InferenceStoppedError, WorkerLostError } from '../inference.errors.js';
import type { InferenceObserver } from '../inference-observer.js';
import type { ModelWorker } from '../pool/model-worker.js';
import type { WorkerPool } from '../pool/worker-pool.js';
import type { BatchInput, BatchOutput, Computed } from '../worker/protocol.js';
import { BatchTime } from './batch-time.js';
import { MicroBatcher, type MicroBatcherOptions } from './micro-batcher.js';
import type { ItemInput, ItemOutput, PendingItem } from './pending-item.js';

/** How often waiting and running items are looked through for passed deadlines and callers that left. */
const SWEEP_MS = 20;
/**
 * As many items are worth a hand-over of their own although more may follow in this turn of the event loop, or although the
 * worker still computes: serving thread and worker then work at the same time instead of in turns. Measured with 64
 * connections; see docs/performance.md.
 */
const EAGER_ITEMS = 8;
/**
 * Items add no more than this to the time of a batch. Nobody in it is answered before all of it is computed, and what is urgent
 * waits for the one before: where items cost much, a larger batch makes all of them late and saves next to nothing.
 */
const BATCH_MS = 8;
/** Weight of the newest batch in the running mean of time per item. */
const SMOOTHING = 0.1;

interface Lane {
  batcher: MicroBatcher;
  pool: WorkerPool;
  time: BatchTime;
}

/** Brings waiting items and idle workers together: in order of rank across models, too, and as many at once as wait. */
export class Scheduler {
  private readonly lanes = new Map<string, Lane>();
  /** Not a Set, for the reason that `Watch` gives. */
  private readonly running: PendingItem[][] = [];
  private readonly drained: (() => void)[] = [];
  private sweeper: NodeJS.Timeout | undefined;
  private timer: NodeJS.Timeout | undefined;
  /** When `timer` is due (`performance.now()`), Infinity when it is not set. */
  private timerMs = Infinity;
  private immediate: NodeJS.Immediate | undefined;
  private msPerItem = 1;
  private stopping = false;

  constructor(
    private readonly inferenceTimeoutMs: number,
    private readonly log: LogWriter,
    private readonly observer: InferenceObserver,
  ) {}

  /** Opens the queue of a model version that `pool` computes; items added before are kept when it is opened again. */
  open(key: string, pool: WorkerPool, options: MicroBatcherOptions): void {
    if (!this.lanes.has(key)) this.lanes.set(key, { batcher: new MicroBatcher(options), pool, time: new BatchTime() });
  }

  /** Closes the queue; what waits fails with `error`. */
  close(key: string, error: Error): void {
    for (const item of this.lanes.get(key)?.batcher.clear() ?? []) item.fail(error);
    this.lanes.delete(key);
  }

  /** Items that wait for a model version. */
  waiting(key: string): number {
    return this.lanes.get(key)?.batcher.waiting ?? 0;
  }

  /** How long the oldest item has waited although a worker that could take it has nothing to do; 0 when there is none. */
  stalledMs(): number {
    const nowMs = performance.now();
    const waits = [...this.lanes].map(([key, { batcher, pool }]) =>
      batcher.waiting > 0 && pool.freeWorker(key)?.isIdle ? nowMs - batcher.oldestMs : 0,
    );
    return Math.max(0, ...waits);
  }

  /** @throws {InferenceQueueFullError} when too many wait, {InferenceStoppedError} when the service stops. */
  submit(key: string, item: PendingItem): void {
    if (this.stopping) throw new InferenceStoppedError();
    const lane = this.lanes.get(key);
    if (!lane) throw new Error(`no queue for "${key}"`);
    lane.batcher.add(item, this.msPerItem / Math.max(1, lane.pool.workersWith(key)));
    this.sweeper ??= setInterval(() => this.sweep(), SWEEP_MS);
    if (lane.batcher.waiting < EAGER_ITEMS) this.dispatchSoon();
    else this.dispatchTo(lane.pool.freeWorker(key));
  }

  /**
   * Gives a worker that may take one the batch whose first item is the first in rank. A worker that still computes is only
   * given a batch that is worth it. Returns whether there was one.
   */
  dispatch(worker: ModelWorker): boolean {
    const nowMs = performance.now();
    for (;;) {
      const key = this.firstInRank(worker, nowMs);
      const lane = key === undefined ? undefined : this.lanes.get(key);
      if (key === undefined || !lane) return false;
      const items = lane.batcher.take(nowMs, lane.time.mostItems(BATCH_MS));
      if (items.length === 0) continue; // all of them had expired
      void this.run(worker, key, items);
      return true;
    }
  }

  /** Takes nothing new and resolves when everything admitted is settled. */
  async drain(): Promise<void> {
    this.stopping = true;
    if (!this.hasWork()) return;
    await new Promise<void>((resolve) => this.drained.push(resolve));
  }

  /** Fails what is still there. */
  abandon(error: Error): void {
    for (const key of this.lanes.keys()) this.close(key, error);
    for (const items of this.running) for (const item of items) if (!item.isSettled) item.fail(error);
    clearInterval(this.sweeper);
    clearTimeout(this.timer);
  }

  /**
   * Wakes idle workers once this turn of the event loop has read what its sockets hold: requests that arrive together
   * are computed together, for one hand-over instead of one each, and a request that arrives alone waits for nothing.
   */
  private dispatchSoon(): void {
    this.immediate ??= setImmediate(() => {
      this.immediate = undefined;
      for (const [key, { batcher, pool }] of this.lanes) {
        while (batcher.waiting > 0 && this.dispatchTo(pool.freeWorker(key)));
      }
    });
  }

  private dispatchTo(worker: ModelWorker | undefined): boolean {
    return worker !== undefined && this.dispatch(worker);
  }

  private firstInRank(worker: ModelWorker, nowMs: number): string | undefined {
    let chosen: string | undefined;
    let firstRankMs = Infinity;
    let nextDueMs = Infinity;
    for (const [key, lane] of this.lanes) {
      const { batcher } = lane;
      if (batcher.waiting === 0 || !worker.loaded.has(key)) continue;
      if (!worker.isIdle && (batcher.waiting < EAGER_ITEMS || batcher.startsWithRetry || isDear(lane))) continue;
      if (batcher.dueMs > nowMs) nextDueMs = Math.min(nextDueMs, batcher.dueMs);
      else if (batcher.firstRankMs < firstRankMs) {
        chosen = key;
        firstRankMs = batcher.firstRankMs;
      }
    }
    if (chosen === undefined && nextDueMs < this.timerMs) this.wakeAt(nextDueMs);
    return chosen;
  }

  /** Looks at all queues then; the timer is set again for what is still not due. */
  private wakeAt(dueMs: number): void {
    clearTimeout(this.timer);
    this.timerMs = dueMs;
    const delayMs = Math.max(0, dueMs - performance.now());
    this.timer = setTimeout(() => {
      this.timerMs = Infinity;
      this.dispatchSoon();
    }, delayMs);
  }

  private async run(worker: ModelWorker, key: string, items: PendingItem[]): Promise<void> {
    const pool = this.lanes.get(key)?.pool;
    this.running.push(items);
    try {
      const output = await worker.run(key, toBatchInput(items), {
        timeoutMs: this.inferenceTimeoutMs,
        isAlone: items[0]?.isRetry ?? false,
        onBegun: (nowMs) => items.forEach((item) => item.begin(nowMs)),
      });
      this.trace(key, items);
      this.settle(key, items, output);
    } catch (error) {
      this.trace(key, items, error as Error);
      this.retryOrFail(key, items, error as Error);
    }
    this.running.splice(this.running.indexOf(items), 1);
    pool?.next(worker, true);
    this.settleDrain();
  }

  private trace(key: string, items: readonly PendingItem[], error?: Error): void {
    const startMs = items[0]?.begunMs;
    if (!this.observer.onTracedBatch || startMs === undefined) return;
    const traced = items.flatMap(({ span, queuedMs }) => (span ? [{ span, queuedMs }] : []));
    if (traced.length === 0) return;
    this.observer.onTracedBatch({ key, items: items.length, startMs, endMs: performance.now(), error, traced });
  }

  private settle(key: string, items: PendingItem[], { computed, failures, computeMs }: BatchOutput): void {
    this.msPerItem += SMOOTHING * (computeMs / items.length - this.msPerItem);
    const time = this.lanes.get(key)?.time;
    time?.add(items.length, computeMs);
    this.observer.onBatch({ key, items: items.length, computeMs, msPerItem: time?.msPerItem ?? 0 });
    const [reason] = failures.values();
    if (reason !== undefined) this.log.warning('Model failed', { model: key, items: failures.size, reason });
    for (const [k, item] of items.entries()) {
      if (item.isSettled) continue; // expired meanwhile
      const failure = failures.get(k);
      if (failure === undefined) item.succeed({ output: outputOf(computed, k, items.length), computeMs });
      else item.fail(new InferenceFailedError(key, failure));
    }
  }

  /** What a lost worker had begun with is computed once more, each item alone; then it fails with the worker. The rest waits on. */
  private retryOrFail(key: string, items: PendingItem[], error: Error): void {
    const lane = this.lanes.get(key);
    const nowMs = performance.now();
    const again: PendingItem[] = [];
    for (const item of items) {
      if (item.expire(nowMs)) continue;
      if (item.isRetry || !lane || !(error instanceof WorkerLostError)) item.fail(error);
      else {
        item.lose(error);
        again.push(item);
      }
    }
    lane?.batcher.putBack(again);
    this.dispatchSoon();
  }

  private sweep(): void {
    const nowMs = performance.now();
    for (const { batcher } of this.lanes.values()) batcher.sweep(nowMs);
    for (const items of this.running) for (const item of items) item.expire(nowMs);
    if (this.hasWork()) return;
    clearInterval(this.sweeper);
    this.sweeper = undefined;
    this.settleDrain();
  }

  /** Whether anybody still waits for an answer; a worker may compute on for nobody. */
  private hasWork(): boolean {
    const isWanted = (items: PendingItem[]) => items.some(({ isSettled }) => !isSettled);
    return this.running.some(isWanted) || [...this.lanes.values()].some(({ batcher }) => batcher.waiting > 0);
  }

  private settleDrain(): void {
    if (this.drained.length > 0 && !this.hasWork()) for (const resolve of this.drained.splice(0)) resolve();
  }
}

/** A second batch behind such a one would only keep what is urgent waiting: the pause between the two is nothing to them. */
function isDear({ batcher, time }: Lane): boolean {
  return time.msPerItem * batcher.options.maxItems > BATCH_MS;
}

function outputOf(computed: Computed, index: number, items: number): ItemOutput {
  if ('tensors' in computed) return { tensors: computed.tensors[index] ?? {} };
  const width = computed.probabilities.length / items;
  return { probabilities: computed.probabilities.subarray(index * width, (index + 1) * width) };
}

function toBatchInput(items: readonly PendingItem[]): BatchInput {
  const inputs = items.map(({ input }) => input);
  return inputs.every(isText) ? { texts: inputs.map(({ text }) => text) } : { tensors: inputs.flatMap(tensorsOf) };
}

function isText(input: ItemInput): input is Extract<ItemInput, { text: string }> {
  return 'text' in input;
}

function tensorsOf(input: ItemInput) {
  return 'tensors' in input ? [input.tensors] : [];
}
