import { isRunning } from '../../../../scripts/test-support/children.js';
import { Program } from '../../../../scripts/test-support/program.js';
import { until } from '../../../../scripts/test-support/until.js';

/** What a probe answered. */
export interface Answer {
  status: number;
  text: string;
}

/** More would bury what it is about. */
const OUTPUT_CHARACTERS = 4000;

const launched: WorkerProcess[] = [];

// A test that fails half-way leaves its worker behind, which would take the jobs of the tests after it.
afterEach(() => Promise.all(launched.splice(0).map((worker) => worker.kill())));

/** Waits for what workers do; the error shows the last that each of the test's workers has said. */
export async function waitForWorkers(isSo: () => boolean | Promise<boolean>): Promise<void> {
  await until(isSo, { complaint: () => `It did not happen.\n${launched.map(String).join('\n')}` });
}

/** A worker of its own process, as `node dist/apps/audit-worker/src/main.js` starts it. */
export class WorkerProcess extends Program {
  /** Starts a process and does not wait for anything. */
  static launch(env: NodeJS.ProcessEnv): WorkerProcess {
    const worker = new WorkerProcess('apps/audit-worker/src/main.js', { PORT: '0', ...env });
    launched.push(worker);
    return worker;
  }

  /** Starts a worker and waits until it listens. */
  static async start(env: NodeJS.ProcessEnv): Promise<WorkerProcess> {
    const worker = WorkerProcess.launch(env);
    await waitForWorkers(() => worker.logged('The audit worker is running') || !isRunning(worker.process));
    return worker;
  }

  /** How it is, and the last that it has said. */
  override toString(): string {
    const state = this.process.exitCode ?? this.process.signalCode ?? 'running';
    return `worker ${this.process.pid} (${state}):\n${(this.stdout + this.stderr).slice(-OUTPUT_CHARACTERS)}`;
  }

  logged(message: string): boolean {
    return this.logs().some((line) => line.message === message);
  }

  /** Where it listens. */
  get url(): string {
    return String(this.logs().find(({ message }) => message === 'The audit worker is running')?.['url']);
  }

  async get(path: string): Promise<Answer> {
    const response = await fetch(new URL(path, this.url), { signal: AbortSignal.timeout(10_000) });
    return { status: response.status, text: await response.text() };
  }

  async isReady(): Promise<boolean> {
    return (await this.get('/readyz')).status === 200;
  }
}
