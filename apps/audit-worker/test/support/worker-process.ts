import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { until } from '../../../../scripts/test-support/until.js';

/** Folder of the checkout. */
export const PROJECT_DIR = resolve(__dirname, '../../../..');
const ENTRY = resolve(PROJECT_DIR, 'dist/apps/audit-worker/src/main.js');

/** A line of the worker's log. */
export type LogLine = Record<string, unknown> & { level: string; message: string };

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
export class WorkerProcess {
  stdout = '';
  stderr = '';
  private readonly exited: Promise<number | null>;

  private constructor(readonly process: ChildProcess) {
    launched.push(this);
    process.stdout?.setEncoding('utf8').on('data', (chunk: string) => (this.stdout += chunk));
    process.stderr?.setEncoding('utf8').on('data', (chunk: string) => (this.stderr += chunk));
    this.exited = once(process, 'close').then(([code]) => code as number | null);
  }

  /** Starts a process and does not wait for anything. */
  static launch(env: NodeJS.ProcessEnv): WorkerProcess {
    if (!existsSync(ENTRY)) {
      throw new Error(`${ENTRY} is missing: run "npm run build" first`);
    }
    const ownEnv = { PATH: process.env['PATH'], PORT: '0', ...env };
    return new WorkerProcess(spawn(process.execPath, [ENTRY], { cwd: PROJECT_DIR, env: ownEnv }));
  }

  /** Starts a worker and waits until it listens. */
  static async start(env: NodeJS.ProcessEnv): Promise<WorkerProcess> {
    const worker = WorkerProcess.launch(env);
    await waitForWorkers(() => worker.logged('The audit worker is running') || worker.process.exitCode !== null);
    return worker;
  }

  /** How it is, and the last that it has said. */
  toString(): string {
    const state = this.process.exitCode ?? this.process.signalCode ?? 'running';
    return `worker ${this.process.pid} (${state}):\n${(this.stdout + this.stderr).slice(-OUTPUT_CHARACTERS)}`;
  }

  /** What was logged so far; every line of stdout must be a JSON object. */
  logs(): LogLine[] {
    const lines = this.stdout.split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as LogLine);
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

  /** Waits for the end of the process; null when a signal ended it. */
  exitCode(): Promise<number | null> {
    return this.exited;
  }

  /** Sends SIGTERM and waits for the end. */
  async stop(): Promise<number | null> {
    this.process.kill('SIGTERM');
    return this.exited;
  }

  /** Ends it as a crash or the kernel would. */
  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.exited;
  }
}
