import { WorkerLostError } from '../inference.errors.js';
import type { BatchInput, BatchOutput, FromWorker, LoadedModel, WorkerSettings } from '../worker/protocol.js';
import type { ModelSource } from '../worker/served-model.js';
import { type ChannelEvents, openChannel, type WorkerChannel } from './worker-channel.js';

/** How a load ended: served from now on, refused with a sentence, or cut off by the worker's end. */
export type LoadOutcome =
  | { state: 'loaded'; model: LoadedModel }
  | { state: 'refused'; reason: string; missingKernel: boolean }
  | { state: 'lost'; reason: string };

/** What the worker is doing; a worker does one thing at a time. */
type Activity =
  | { state: 'starting'; settle: (failure?: string) => void }
  | { state: 'idle' }
  | { state: 'loading'; key: string; settle: (outcome: LoadOutcome) => void }
  | { state: 'running'; resolve: (output: BatchOutput) => void; reject: (error: Error) => void }
  | { state: 'gone'; reason: string };

const START_TIMEOUT_MS = 60_000;

/** The serving thread's view of one worker: typed calls in, promises out, and a watchdog over each of them. */
export class ModelWorker {
  /** Keys of the model versions that this worker has loaded. */
  readonly loaded = new Set<string>();
  /** Resolves when the backend has started; rejects with a sentence when it cannot. */
  readonly started: Promise<void>;
  /** Resolves with the reason when the worker has ended, and never rejects. */
  readonly ended: Promise<string>;
  liveTensors = 0;
  heapBytes = 0;

  private readonly channel: WorkerChannel;
  private activity: Activity;
  private watchdog: NodeJS.Timeout | undefined;
  private killReason: string | undefined;

  constructor(entry: string, settings: WorkerSettings) {
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
    this.watchdog = setTimeout(
      () => void this.kill(`it did not start within ${START_TIMEOUT_MS} ms`),
      START_TIMEOUT_MS,
    );
  }

  get isIdle(): boolean {
    return this.activity.state === 'idle';
  }

  /** Loads a model version; a load that takes longer than `timeoutMs` ends the worker. */
  load(key: string, source: ModelSource, timeoutMs: number): Promise<LoadOutcome> {
    return new Promise((settle) => {
      this.begin({ state: 'loading', key, settle }, timeoutMs, `it did not load "${key}" within ${timeoutMs} ms`);
      this.channel.send({ type: 'load', key, folder: source.folder, manifest: source.manifest });
    });
  }

  /**
   * Computes one batch.
   * @throws {WorkerLostError} when the worker ends before it answers; after `timeoutMs` it is taken for hung and ended.
   */
  run(key: string, input: BatchInput, timeoutMs: number): Promise<BatchOutput> {
    return new Promise((resolve, reject) => {
      this.begin({ state: 'running', resolve, reject }, timeoutMs, `it did not answer a batch within ${timeoutMs} ms`);
      this.channel.send({ type: 'run', key, input });
    });
  }

  /** Ends the worker at once; whatever it was doing is lost. */
  async kill(reason: string): Promise<void> {
    this.killReason ??= reason;
    await this.channel.kill();
  }

  private begin(activity: Activity, timeoutMs: number, hung: string): void {
    if (this.activity.state !== 'idle') throw new Error(`a worker that is ${this.activity.state} was given work`);
    this.activity = activity;
    this.watchdog = setTimeout(() => void this.kill(hung), timeoutMs);
  }

  private receive(message: FromWorker): void {
    if (message.type === 'poisoned') {
      void this.kill(message.reason);
      return;
    }
    const { activity } = this;
    if (activity.state === 'gone' || this.killReason !== undefined) return;
    this.activity = { state: 'idle' };
    clearTimeout(this.watchdog);
    if (message.type === 'started' && activity.state === 'starting') activity.settle();
    else if (message.type === 'done' && activity.state === 'running') {
      this.liveTensors = message.output.liveTensors;
      this.heapBytes = message.output.heapBytes;
      activity.resolve(message.output);
    } else if (message.type === 'loaded' && activity.state === 'loading') {
      this.loaded.add(message.key);
      activity.settle({ state: 'loaded', model: message.model });
    } else if (message.type === 'refused' && activity.state === 'loading') {
      activity.settle({ state: 'refused', reason: message.reason, missingKernel: message.missingKernel });
    } else void this.kill(`it answered "${message.type}" while ${activity.state}`);
  }

  private finish(reason: string): string {
    clearTimeout(this.watchdog);
    const { activity } = this;
    this.activity = { state: 'gone', reason };
    this.loaded.clear();
    if (activity.state === 'starting') activity.settle(reason);
    if (activity.state === 'loading') activity.settle({ state: 'lost', reason });
    if (activity.state === 'running') activity.reject(new WorkerLostError(reason));
    return reason;
  }
}
