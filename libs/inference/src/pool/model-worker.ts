import { WorkerLostError } from '../inference.errors.js';
import type {
  BatchInput,
  BatchOutput,
  FromWorker,
  LoadedModel,
  ModelSource,
  WorkerMemory,
  WorkerSettings,
} from '../worker/protocol.js';
import { type ChannelEvents, openChannel, type WorkerChannel } from './worker-channel.js';

/** How a load ended: served from now on, refused with a sentence, or cut off by the worker's end. */
export type LoadOutcome =
  | { state: 'loaded'; model: LoadedModel }
  | { state: 'refused'; reason: string; missingKernel: boolean }
  | { state: 'lost'; reason: string };

/** How a batch is computed. */
export interface BatchOptions {
  /** A worker that computes it for longer is taken for hung and ended. */
  timeoutMs: number;
  /** The worker must be idle, and is given nothing else until it has answered, so that nothing else is lost with it. */
  isAlone: boolean;
  /** Called when the worker begins with it: it may first have to finish the one before. */
  onBegun: (nowMs: number) => void;
}

interface RunningBatch extends BatchOptions {
  resolve: (output: BatchOutput) => void;
  reject: (error: Error) => void;
}

/** What the worker is doing; a worker computes one batch at a time and has at most `MAX_BACKLOG` of them. */
type Activity =
  | { state: 'starting'; settle: (failure?: string) => void }
  | { state: 'idle' }
  | { state: 'loading'; key: string; settle: (outcome: LoadOutcome) => void }
  | { state: 'running'; batches: RunningBatch[] }
  | { state: 'gone'; reason: string };

const START_TIMEOUT_MS = 60_000;

/** A timer of this thread that is so much late was held up with everything else, and what a worker said meanwhile is unread. */
const LATE_MS = 500;
/** A worker that was ended and is still there after this long cannot be ended. */
const END_TIMEOUT_MS = 5000;

/** Batches a worker may hold: one that it computes, and one that is there when it has finished. */
export const MAX_BACKLOG = 2;

/** The serving thread's view of one worker: typed calls in, promises out, and a watchdog over each of them. */
export class ModelWorker {
  /** Keys of the model versions that this worker has loaded. */
  readonly loaded = new Set<string>();
  /** Keys of those that it could not load, and is not asked for, at least for a while. */
  readonly refused = new Set<string>();
  /** Resolves when the backend has started; rejects with a sentence when it cannot. */
  readonly started: Promise<void>;
  /** Resolves with the reason when the worker has ended, and never rejects. */
  readonly ended: Promise<string>;
  /** Whether it has ever loaded a model; `loaded` is empty once it has ended. */
  hasLoaded = false;
  /** As it was told last. */
  memory: WorkerMemory = { liveTensors: 0, heapBytes: 0 };

  private readonly channel: WorkerChannel;
  private activity: Activity;
  private watchdog: NodeJS.Timeout | undefined;
  private killReason: string | undefined;
  private readonly overdue = Promise.withResolvers<void>();
  private overdueTimer: NodeJS.Timeout | undefined;
  private isOverdue = false;

  /** @param maxSilenceMs A worker that has nothing to do and is not heard of for this long is taken for hung and ended. */
  constructor(
    entry: string,
    settings: WorkerSettings,
    private readonly maxSilenceMs: number,
  ) {
    const start = Promise.withResolvers<void>();
    const end = Promise.withResolvers<string>();
    this.started = start.promise;
    this.started.catch(() => undefined); // the pool also hears of it through `ended`
    this.ended = end.promise;
    this.activity = {
      state: 'starting',
      settle: (failure) => (failure === undefined ? start.resolve() : start.reject(new Error(failure))),
    };
    const events: ChannelEvents = {
      message: (message) => this.receive(message),
      exit: (reason) => end.resolve(this.finish(this.killReason ?? reason)),
    };
    this.channel = openChannel(entry, settings, events);
    this.watch(START_TIMEOUT_MS, 'start');
  }

  get isIdle(): boolean {
    return this.activity.state === 'idle' && this.killReason === undefined;
  }

  /** Whether it has started and was not ended. */
  get isUp(): boolean {
    return this.activity.state !== 'starting' && this.activity.state !== 'gone' && this.killReason === undefined;
  }

  /** Whether it hangs so badly that not even ending it helps. */
  get isStuck(): boolean {
    return this.activity.state !== 'gone' && this.isOverdue;
  }

  /** Batches that it holds; Infinity while it may not be given another one. */
  get backlog(): number {
    if (this.activity.state !== 'running' || this.killReason !== undefined) return this.isIdle ? 0 : Infinity;
    return this.activity.batches.some(({ isAlone }) => isAlone) ? Infinity : this.activity.batches.length;
  }

  /** Loads a model version; a load that takes longer than `timeoutMs` ends the worker. */
  load(key: string, source: ModelSource, timeoutMs: number): Promise<LoadOutcome> {
    return new Promise((settle) => {
      if (!this.isIdle) throw new Error(`a worker that is ${this.activity.state} was given a model to load`);
      this.activity = { state: 'loading', key, settle };
      this.watch(timeoutMs, `load "${key}"`);
      this.channel.send({ type: 'load', key, folder: source.folder, manifest: source.manifest });
    });
  }

  /**
   * Computes one batch; `backlog` must be below `MAX_BACKLOG`.
   * @throws {WorkerLostError} when the worker ends before it answers
   */
  run(key: string, input: BatchInput, options: BatchOptions): Promise<BatchOutput> {
    return new Promise((resolve, reject) => {
      if (this.backlog >= MAX_BACKLOG) throw new Error(`a worker that is ${this.activity.state} was given a batch`);
      const batch = { ...options, resolve, reject };
      if (this.activity.state === 'running') this.activity.batches.push(batch);
      else {
        this.activity = { state: 'running', batches: [batch] };
        this.begin(batch);
      }
      this.channel.send({ type: 'run', key, input });
    });
  }

  /** Ends the worker at once; whatever it was doing is lost. Resolves when it has ended, or is stuck. */
  async kill(reason: string): Promise<void> {
    this.killReason ??= reason;
    this.loaded.clear(); // so that it is given nothing more, should it take its time to end
    this.overdueTimer ??= setTimeout(() => {
      this.isOverdue = true;
      this.overdue.resolve();
    }, END_TIMEOUT_MS).unref();
    await Promise.race([this.channel.kill(), this.overdue.promise]);
  }

  /** Ends the worker unless it finishes what it does now in time. */
  private watch(timeoutMs: number, what: string): void {
    clearTimeout(this.watchdog);
    const dueMs = performance.now() + timeoutMs;
    this.watchdog = setTimeout(() => {
      if (performance.now() - dueMs > LATE_MS) this.watch(timeoutMs, what);
      else void this.kill(`it did not ${what} within ${timeoutMs} ms`);
    }, timeoutMs);
  }

  private receive(message: FromWorker): void {
    if (message.type === 'poisoned') {
      void this.kill(message.reason);
      return;
    }
    const { activity } = this;
    if (activity.state === 'gone' || this.killReason !== undefined) return;
    if (message.type === 'beat') {
      if (this.isIdle) this.watchSilence();
      return;
    }
    if ('memory' in message) this.memory = message.memory;
    if (message.type === 'done' && activity.state === 'running') {
      this.receiveBatch(activity.batches, message.output);
      return;
    }
    this.becomeIdle();
    if (message.type === 'started' && activity.state === 'starting') activity.settle();
    else if (message.type === 'loaded' && activity.state === 'loading') {
      this.loaded.add(message.key);
      this.hasLoaded = true;
      activity.settle({ state: 'loaded', model: message.model });
    } else if (message.type === 'refused' && activity.state === 'loading') {
      this.refused.add(message.key);
      activity.settle({ state: 'refused', reason: message.reason, missingKernel: message.missingKernel });
    } else void this.kill(`it answered "${message.type}" while ${activity.state}`);
  }

  /** Batches are answered in the order in which they were given. */
  private receiveBatch(batches: RunningBatch[], output: BatchOutput): void {
    const answered = batches.shift();
    const [next] = batches;
    if (next) this.begin(next);
    else this.becomeIdle();
    answered?.resolve(output);
  }

  private begin({ timeoutMs, onBegun }: RunningBatch): void {
    this.watch(timeoutMs, 'answer a batch');
    onBegun(performance.now());
  }

  private becomeIdle(): void {
    this.activity = { state: 'idle' };
    this.watchSilence();
  }

  private watchSilence(): void {
    this.watch(this.maxSilenceMs, 'show a sign of life');
  }

  private finish(reason: string): string {
    clearTimeout(this.watchdog);
    clearTimeout(this.overdueTimer);
    const { activity } = this;
    this.activity = { state: 'gone', reason };
    this.loaded.clear();
    if (activity.state === 'starting') activity.settle(reason);
    if (activity.state === 'loading') activity.settle({ state: 'lost', reason });
    if (activity.state === 'running') for (const { reject } of activity.batches) reject(new WorkerLostError(reason));
    return reason;
  }
}
