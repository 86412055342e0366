import { type ChildProcess, fork } from 'node:child_process';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { messageOf } from '../message-of.js';
import type { FromWorker, ToWorker, WorkerSettings } from '../worker/protocol.js';

/** What a channel tells its owner. */
export interface ChannelEvents {
  message(message: FromWorker): void;
  /** The worker is gone, whatever the cause; nothing follows. */
  exit(reason: string): void;
}

/** The line to one worker, wherever it runs. */
export abstract class WorkerChannel {
  abstract send(message: ToWorker): void;
  /** Ends the worker at once, even in the middle of a computation; `exit` follows. */
  abstract kill(): Promise<void>;
}

/** Most MiB that a worker's heap keeps for new objects: beyond it only the resident memory grows (decision 9). */
const MAX_YOUNG_GENERATION_MIB = 32;
/**
 * MiB that half of that space begins with. It would begin with one and stay there, because it only grows when objects survive, and a batch
 * leaves none: V8 then collects every hundred texts, which took a tenth of the worker's time.
 */
const MIN_SEMI_SPACE_MIB = 8;

/** A worker in a thread of this process. */
export class ThreadChannel extends WorkerChannel {
  private readonly worker: Worker;

  constructor(entry: string, settings: WorkerSettings, events: ChannelEvents) {
    super();
    let reason: string | undefined;
    setFlagsFromString(`--min-semi-space-size=${MIN_SEMI_SPACE_MIB}`); // read whenever a heap is made; no limit of a Worker says it
    this.worker = new Worker(entry, {
      workerData: settings,
      name: `falcon-${settings.backend}`,
      resourceLimits: { maxYoungGenerationSizeMb: MAX_YOUNG_GENERATION_MIB },
    });
    this.worker.on('message', (message: FromWorker) => events.message(message));
    this.worker.on('messageerror', (error) => events.message({ type: 'poisoned', reason: error.message }));
    this.worker.on('error', (error: unknown) => {
      reason = messageOf(error);
    });
    this.worker.on('exit', (code) => events.exit(reason ?? `it exited with code ${code}`));
  }

  send(message: ToWorker): void {
    this.worker.postMessage(message, []);
  }

  async kill(): Promise<void> {
    await this.worker.terminate();
  }
}

/** A worker in a child process: for the native backend, whose addon does not survive worker threads. */
export class ProcessChannel extends WorkerChannel {
  private readonly child: ChildProcess;
  private readonly gone: Promise<void>;

  constructor(entry: string, settings: WorkerSettings, events: ChannelEvents) {
    super();
    this.child = fork(entry, [JSON.stringify(settings)], { serialization: 'advanced', stdio: ['ignore', 2, 2, 'ipc'] });
    this.child.on('message', (message) => events.message(message as FromWorker));
    this.gone = new Promise((resolve) => {
      const end = (reason: string) => {
        events.exit(reason);
        resolve();
      };
      this.child.on('exit', (code, signal) =>
        end(signal ? `it was killed by ${signal}` : `it exited with code ${code}`),
      );
      this.child.on('error', (error) => {
        if (this.child.pid === undefined)
          end(error.message); // one that was never made does not exit
        else events.message({ type: 'poisoned', reason: error.message });
      });
    });
  }

  send(message: ToWorker): void {
    this.child.send(message);
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.gone;
  }
}

/** Opens the channel that the backend needs. */
export function openChannel(entry: string, settings: WorkerSettings, events: ChannelEvents): WorkerChannel {
  return settings.backend === 'tensorflow'
    ? new ProcessChannel(entry, settings, events)
    : new ThreadChannel(entry, settings, events);
}
