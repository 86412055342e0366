import { messageOf } from '../message-of.js';
import type { ModelSource, WorkerSettings } from '../worker/protocol.js';
import { type LoadOutcome, MAX_BACKLOG, ModelWorker } from './model-worker.js';

const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 10_000;
/** A model on which this many workers in a row ended while loading is refused, instead of taking every further one with it. */
const MAX_LOAD_DEATHS = 2;

/** How a pool is made. */
export interface WorkerPoolOptions {
  /** Path of the compiled worker-main. */
  entry: string;
  settings: WorkerSettings;
  /** Number of workers that are kept alive. */
  size: number;
  /** A worker whose wasm heap has grown beyond this many bytes is replaced between two batches. */
  maxHeapBytes: number;
  /** A worker that takes longer to load a model is replaced. */
  loadTimeoutMs: number;
  /** A worker that has nothing to do and is not heard of for this long is replaced. */
  maxSilenceMs: number;
}

/** What a pool tells its owner. */
export interface PoolEvents {
  /** A worker may take a batch now. Returns whether it was given one. */
  free(worker: ModelWorker): boolean;
  loaded(key: string, outcome: Extract<LoadOutcome, { state: 'loaded' }>): void;
  refused(key: string, reason: string, missingKernel: boolean): void;
  /** A worker ended without being asked to; a replacement follows. */
  lost(reason: string): void;
}

/** Keeps workers of one backend alive, each with every model of the pool. */
export class WorkerPool {
  private readonly workers = new Set<ModelWorker>();
  private readonly sources = new Map<string, ModelSource>();
  /** Workers in a row that ended while loading a model. */
  private readonly loadDeaths = new Map<string, number>();
  /** Models that have served; what a worker cannot load of them, it and later ones try again. */
  private readonly proven = new Set<string>();
  /** Models that no worker is given any more although some still have them, and why: the last of those takes the model along. */
  private readonly abandoned = new Map<string, string>();
  /** Of workers and of loads. */
  private readonly restarts = new Set<NodeJS.Timeout>();
  /** Workers in a row that ended before they had loaded anything; a worker lost in service is replaced at once. */
  private falseStarts = 0;
  private stopped = false;

  constructor(
    private readonly options: WorkerPoolOptions,
    private readonly events: PoolEvents,
  ) {}

  /** Starts the workers. The promise follows the first of them: it rejects with a sentence when the backend cannot start. */
  async start(): Promise<void> {
    const first = this.make();
    for (let k = 1; k < this.options.size; k++) this.spawn();
    await first.started.catch((error: unknown) => {
      if (!this.stopped) throw error; // else stop() has ended it
    });
  }

  /** Adds a model version to every worker of the pool, present and future. */
  add(key: string, source: ModelSource): void {
    this.sources.set(key, source);
    for (const worker of this.workers) if (worker.isIdle) this.next(worker, false);
  }

  /** The worker with the model and the fewest batches that may take another one. */
  freeWorker(key: string): ModelWorker | undefined {
    let chosen: ModelWorker | undefined;
    for (const worker of this.workers) {
      if (!worker.loaded.has(key) || worker.backlog >= this.maxBacklog(worker)) continue;
      if (chosen === undefined || worker.backlog < chosen.backlog) chosen = worker;
    }
    return chosen;
  }

  /** Number of live workers that have the model. */
  workersWith(key: string): number {
    let count = 0;
    for (const worker of this.workers) if (worker.loaded.has(key)) count++;
    return count;
  }

  /** Live workers. */
  live(): readonly ModelWorker[] {
    return [...this.workers];
  }

  /** To be called when a worker has finished a batch: it takes the next one, or a model that it still lacks. */
  next(worker: ModelWorker, hasJustRun: boolean): void {
    if (this.stopped) return;
    if (this.isWornOut(worker)) {
      if (worker.isIdle) void worker.kill(`its wasm heap has grown to ${worker.memory.heapBytes} bytes`);
      return;
    }
    if (worker.backlog >= this.maxBacklog(worker)) return;
    const missing = this.missing(worker);
    // Batches and loads take turns, so that neither a busy model nor a long list of models starves the other.
    if (missing !== undefined && hasJustRun) void this.load(worker, missing);
    else if (!this.events.free(worker) && missing !== undefined) void this.load(worker, missing);
  }

  /**
   * A worker that is to be replaced is given nothing more, one that still has models to load becomes idle between two
   * batches, and the others have the next batch at hand.
   */
  private maxBacklog(worker: ModelWorker): number {
    if (this.isWornOut(worker)) return 0;
    return this.missing(worker) === undefined ? MAX_BACKLOG : 1;
  }

  private isWornOut(worker: ModelWorker): boolean {
    return worker.memory.heapBytes > this.options.maxHeapBytes;
  }

  /** The first model that the worker still has to load. */
  private missing(worker: ModelWorker): string | undefined {
    for (const key of this.sources.keys()) if (!worker.loaded.has(key) && !worker.refused.has(key)) return key;
    return undefined;
  }

  /** Ends every worker that can be ended; batches in flight are lost, so the owner drains first. */
  async stop(): Promise<void> {
    this.stopped = true;
    for (const timer of this.restarts) clearTimeout(timer);
    await Promise.all([...this.workers].map((worker) => worker.kill('the service stops')));
  }

  private spawn(): void {
    try {
      this.make();
    } catch (error) {
      this.events.lost(messageOf(error));
      this.respawn({ isFalseStart: true });
    }
  }

  /** @throws {Error} at once, and not by an event, when the system grants no more threads or processes. */
  private make(): ModelWorker {
    const worker = new ModelWorker(this.options.entry, this.options.settings, this.options.maxSilenceMs);
    this.workers.add(worker);
    worker.started.then(
      () => this.next(worker, true),
      () => undefined, // told by `ended`
    );
    void worker.ended.then((reason) => this.replace(worker, reason));
    return worker;
  }

  private replace(worker: ModelWorker, reason: string): void {
    this.workers.delete(worker);
    if (this.stopped) return;
    this.events.lost(reason);
    this.refuseAbandoned();
    this.respawn({ isFalseStart: !worker.hasLoaded });
  }

  private respawn({ isFalseStart }: { isFalseStart: boolean }): void {
    const delayMs = isFalseStart ? Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** ++this.falseStarts) : 0;
    const timer = setTimeout(() => {
      this.restarts.delete(timer);
      this.spawn();
    }, delayMs);
    this.restarts.add(timer);
  }

  private async load(worker: ModelWorker, key: string): Promise<void> {
    const source = this.sources.get(key) as ModelSource;
    const outcome = await worker.load(key, source, this.options.loadTimeoutMs);
    if (outcome.state === 'loaded') {
      this.falseStarts = 0;
      this.prove(key, source);
      this.events.loaded(key, outcome);
    }
    if (outcome.state === 'refused') {
      if (this.proven.has(key)) this.tryAgain(worker, key);
      else this.sources.delete(key);
      this.events.refused(key, outcome.reason, outcome.missingKernel);
    }
    if (outcome.state === 'lost') this.countLoadDeath(key, outcome.reason);
    this.next(worker, false);
  }

  /** Notes that the model can be loaded, whatever other workers found: what was refused to them before is tried again. */
  private prove(key: string, source: ModelSource): void {
    if (!this.proven.has(key)) {
      for (const worker of this.workers) if (worker.refused.has(key)) this.tryAgain(worker, key);
    }
    this.proven.add(key);
    this.sources.set(key, source);
    this.loadDeaths.delete(key);
    this.abandoned.delete(key);
  }

  /** A model that has served may be readable again in a while, and a worker that is well has no replacement to try. */
  private tryAgain(worker: ModelWorker, key: string): void {
    const timer = setTimeout(() => {
      this.restarts.delete(timer);
      worker.refused.delete(key);
      if (worker.isIdle) this.next(worker, false);
    }, MAX_BACKOFF_MS);
    this.restarts.add(timer);
  }

  private countLoadDeath(key: string, reason: string): void {
    if (this.stopped) return;
    const deaths = (this.loadDeaths.get(key) ?? 0) + 1;
    this.loadDeaths.set(key, deaths);
    if (deaths >= MAX_LOAD_DEATHS) this.abandon(key, `${deaths} workers ended while loading it: ${reason}`);
  }

  private abandon(key: string, reason: string): void {
    this.sources.delete(key);
    if (this.workersWith(key) > 0) this.abandoned.set(key, reason);
    this.events.refused(key, reason, false);
  }

  private refuseAbandoned(): void {
    for (const [key, reason] of this.abandoned) {
      if (this.workersWith(key) > 0) continue;
      this.abandoned.delete(key);
      this.events.refused(key, reason, false);
    }
  }
}
