import { join } from 'node:path';
import { temporaryFolder } from '../../../scripts/test-support/temporary-folder.js';
import type { InferenceObserver } from '../src/inference-observer.js';
import type { InferenceOptions } from '../src/inference.options.js';
import { InferenceService } from '../src/inference.service.js';
import type { NamedTensors } from '../src/tensors.js';
import { WORKER_ENTRY } from './model-fixtures.js';

/** A worker that hangs on 666, exits on 667, aborts on 668, throws on 669, and hangs after it has answered on 670 and 671. */
export const FAULTY_WORKER_ENTRY = join(__dirname, 'faulty-worker.cjs');

/** A worker that loads, refuses, waits or dies as the file `fate` of a model's folder says. */
export const FATEFUL_WORKER_ENTRY = join(__dirname, 'fateful-worker.cjs');

/** A log that keeps its lines. */
export class RecordingLog {
  readonly lines: string[] = [];
  info(message: string, fields?: object): void {
    this.lines.push(`INFO ${message} ${JSON.stringify(fields)}`);
  }
  warning(message: string, fields?: object): void {
    this.lines.push(`WARNING ${message} ${JSON.stringify(fields)}`);
  }
  error(message: string, fields?: object): void {
    this.lines.push(`ERROR ${message} ${JSON.stringify(fields)}`);
  }
}

/** A service on a model directory of its own, with real workers. */
export class TestService {
  readonly dir = temporaryFolder();
  readonly log = new RecordingLog();
  service!: InferenceService;

  async start(options: Partial<InferenceOptions> = {}, observer?: InferenceObserver): Promise<InferenceService> {
    const defaults: InferenceOptions = {
      workerId: 'test',
      modelDir: this.dir,
      defaultModel: 'linear',
      backend: 'auto',
      workers: 1,
      batchSize: 32,
      batchTimeoutMs: 0,
      maxQueued: 1000,
      inferenceTimeoutMs: 5000,
      loadTimeoutMs: 60_000,
      workerEntry: WORKER_ENTRY,
    };
    this.service = new InferenceService({ ...defaults, ...options }, this.log, observer);
    await this.service.whenLoaded();
    return this.service;
  }

  stop(): Promise<void> {
    return this.service.stop();
  }
}

/** The input `x` of the fixtures. */
export function x(...rows: number[][]): NamedTensors {
  return { x: { dtype: 'float32', shape: [rows.length, rows[0]?.length ?? 0], data: Float32Array.from(rows.flat()) } };
}
