import { join } from 'node:path';
import type { LogWriter } from '@app/resilience';
import { ModelNotReadyError } from '../inference.errors.js';
import type { InferenceOptions } from '../inference.options.js';
import type { InferenceObserver } from '../inference-observer.js';
import { listModelFolders } from '../models/model-folders.js';
import { ModelRegistry, type ModelVersion } from '../models/model-registry.js';
import type { ModelWorker } from '../pool/model-worker.js';
import { WorkerPool } from '../pool/worker-pool.js';
import { BEAT_MS, type BackendName, type LoadedModel, type WorkerMemory } from '../worker/protocol.js';
import type { PendingItem } from './pending-item.js';
import { Scheduler } from './scheduler.js';

const MIB = 2 ** 20;
/** Weights, working memory of a batch and what malloc wastes stay well below the 4 GiB at which a wasm heap ends. */
const MAX_WEIGHT_BYTES = 1024 * MIB;
const MAX_BATCH_BYTES = 512 * MIB;
/** A heap never shrinks: a worker whose heap has grown this large is replaced between two batches. */
const MAX_HEAP_BYTES = 3072 * MIB;
/** Beats that a busy machine may swallow. */
const MISSED_BEATS = 5;

/** What gauges read. */
export interface HostStats {
  /** What waits for all versions of a model, and for the one for which the most wait. */
  queues: { model: string; waiting: number; longest: number }[];
  workers: ({ backend: BackendName; live: number } & WorkerMemory)[];
}

/** Whether the workers do what they are there for. */
export interface WorkersHealth {
  /** Workers there should be, those that have started, and those that hang and could not even be ended. */
  wanted: number;
  live: number;
  stuck: number;
  /** How long a text has waited although a worker that could compute it has nothing to do; 0 when none has. */
  stalledMs: number;
}

/** Owns everything behind the service's methods: which models there are, the workers that hold them, the queues between. */
export class ModelHost {
  registry = new ModelRegistry([]);
  private readonly pools = new Map<BackendName, WorkerPool>();
  private readonly scheduler: Scheduler;
  private readonly allSettled = Promise.withResolvers<void>();
  private stopping = false;

  constructor(
    private readonly options: InferenceOptions,
    private readonly log: LogWriter,
    private readonly observer: InferenceObserver,
  ) {
    this.scheduler = new Scheduler(options.inferenceTimeoutMs, log, observer);
  }

  /** Loads every version found; resolves when each is ready or refused, rejects when the backend cannot start. */
  async start(): Promise<void> {
    const { modelDir, only } = this.options;
    this.registry = new ModelRegistry(
      listModelFolders(modelDir).filter(({ name }) => only === undefined || name === only),
    );
    for (const { key, state } of this.registry.all()) if (state.state === 'refused') this.logRefusal(key, state.reason);
    const backend = this.options.backend === 'auto' ? 'wasm' : this.options.backend;
    await this.pool(backend, this.inOrderOfLoading());
    this.settleIfLoaded();
    await this.allSettled.promise;
    for (const { key, reason } of this.registry.deadFallbacks()) {
      this.log.warning('The declared fallback of a model cannot answer', { model: key, reason });
    }
  }

  /** Why a name without a version is not answered at present, a sentence; undefined when it is. */
  whyNotReady(name: string): string | undefined {
    const version = this.registry.serving(name);
    if (this.stopping) return 'the service stops';
    if (!version) return `there is no model "${name}"`;
    if (version.state.state === 'refused') return version.state.reason;
    if (version.state.state === 'loading') return 'it is still loading';
    const { task = 'tensor' } = version.manifest ?? {};
    const wanted = this.options.defaultTask ?? task;
    if (task !== wanted) return `version ${version.version} is a model of task "${task}", not "${wanted}"`;
    return this.liveWorkers(version) > 0 ? undefined : 'no worker has it at present';
  }

  /** @throws {InferenceError} when the item cannot be admitted. */
  submit(key: string, item: PendingItem): void {
    this.scheduler.submit(key, item);
  }

  stats(): HostStats {
    const sum = (workers: readonly ModelWorker[], of: keyof WorkerMemory) =>
      workers.reduce((total, worker) => total + worker.memory[of], 0);
    const versions = Map.groupBy(this.registry.all(), ({ name }) => name);
    return {
      queues: [...versions].map(([model, all]) => {
        const lengths = all.map(({ key }) => this.scheduler.waiting(key));
        return { model, waiting: lengths.reduce((a, b) => a + b), longest: Math.max(...lengths) };
      }),
      workers: [...this.pools].map(([backend, pool]) => ({
        backend,
        live: pool.live().filter(({ isUp }) => isUp).length,
        liveTensors: sum(pool.live(), 'liveTensors'),
        heapBytes: sum(pool.live(), 'heapBytes'),
      })),
    };
  }

  health(): WorkersHealth {
    const pools = [...this.pools.values()];
    const workers = pools.flatMap((pool) => pool.live());
    const count = (is: (worker: ModelWorker) => boolean) => workers.filter(is).length;
    return {
      wanted: pools.length * this.options.workers,
      live: count((worker) => worker.isUp),
      stuck: count((worker) => worker.isStuck),
      stalledMs: this.scheduler.stalledMs(),
    };
  }

  async stop(graceMs: number, error: Error): Promise<void> {
    if (this.stopping) return;
    this.stopping = true;
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([
      this.scheduler.drain(),
      new Promise<void>((resolve) => {
        timer = setTimeout(resolve, graceMs);
      }),
    ]);
    clearTimeout(timer);
    this.scheduler.abandon(error);
    await Promise.all([...this.pools.values()].map((pool) => pool.stop()));
    const { stuck } = this.health();
    if (stuck > 0) this.log.error('Inference workers hang and cannot be ended', { workers: stuck });
  }

  /** The default model first, because readiness waits for it alone, and of each model the newest first, because that is to answer. */
  private inOrderOfLoading(): ModelVersion[] {
    const first = this.options.defaultModel;
    const newestFirst = this.registry.all().toReversed();
    return newestFirst
      .filter((version) => this.isLoading(version))
      .sort((a, b) => Number(b.name === first) - Number(a.name === first) || a.name.localeCompare(b.name));
  }

  /** Starts a pool with these versions, unless it runs already; then they are added to it. */
  private async pool(backend: BackendName, versions: ModelVersion[]): Promise<void> {
    const existing = this.pools.get(backend);
    const pool = existing ?? this.createPool(backend);
    for (const { key, folder, manifest } of versions) pool.add(key, { folder, manifest });
    if (!existing) await pool.start();
  }

  private createPool(backend: BackendName): WorkerPool {
    const options = {
      entry: this.options.workerEntry ?? join(__dirname, '..', 'worker', 'worker-main.js'),
      size: this.options.workers,
      maxHeapBytes: MAX_HEAP_BYTES,
      loadTimeoutMs: this.options.loadTimeoutMs,
      maxSilenceMs: Math.max(this.options.inferenceTimeoutMs, MISSED_BEATS * BEAT_MS),
      settings: {
        backend,
        maxWeightBytes: MAX_WEIGHT_BYTES,
        maxBatchBytes: MAX_BATCH_BYTES,
        batchSize: this.options.batchSize,
      },
    };
    const pool: WorkerPool = new WorkerPool(options, {
      free: (worker) => this.scheduler.dispatch(worker),
      loaded: (key, { model }) => this.onLoaded(key, backend, model),
      refused: (key, reason, missingKernel) => this.onRefused(key, backend, { reason, missingKernel }),
      lost: (reason) => {
        this.log.error('Inference worker lost', { backend, reason });
        this.observer.onWorkerLost(reason);
      },
    });
    this.pools.set(backend, pool);
    return pool;
  }

  private onLoaded(key: string, backend: BackendName, model: LoadedModel): void {
    const version = this.registry.get(key);
    const pool = this.pools.get(backend);
    if (!version || !pool) return;
    const isFirst = version.state.state !== 'ready';
    this.registry.setState(version, { state: 'ready', model, backend });
    this.scheduler.open(key, pool, {
      model: version.name,
      maxItems: model.batchable ? this.options.batchSize : 1,
      maxBytes: model.maxInputBytes,
      maxWaiting: this.options.maxQueued,
      timeoutMs: this.options.batchTimeoutMs,
    });
    if (isFirst) this.log.info('Model ready', { model: key, backend, load_seconds: model.loadSeconds });
    this.settleIfLoaded();
  }

  private onRefused(key: string, backend: BackendName, why: { reason: string; missingKernel: boolean }): void {
    const version = this.registry.get(key);
    if (!version) return;
    if (why.missingKernel && backend === 'wasm' && this.options.backend === 'auto') {
      this.log.info('Model needs a kernel that wasm lacks: it is computed on cpu', { model: key, reason: why.reason });
      this.pool('cpu', [version]).catch((error: Error) => this.refuse(version, error.message));
    } else if (this.liveWorkers(version) > 0) {
      this.log.error('Model could not be loaded again', { model: key, reason: why.reason });
    } else this.refuse(version, why.reason);
  }

  private refuse(version: ModelVersion, reason: string): void {
    this.registry.setState(version, { state: 'refused', reason });
    this.logRefusal(version.key, reason);
    this.scheduler.close(version.key, new ModelNotReadyError(version.name, version.version, 'refused'));
    this.settleIfLoaded();
  }

  private logRefusal(key: string, reason: string): void {
    this.log.error('Model version refused', { model: key, reason });
  }

  private liveWorkers({ key, state }: ModelVersion): number {
    return state.state === 'ready' ? (this.pools.get(state.backend)?.workersWith(key) ?? 0) : 0;
  }

  private isLoading({ state }: ModelVersion): boolean {
    return state.state === 'loading';
  }

  private settleIfLoaded(): void {
    if (!this.registry.all().some((version) => this.isLoading(version))) this.allSettled.resolve();
  }
}
