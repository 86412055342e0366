import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { end, endWithTheFile, isRunning } from '../../../../scripts/test-support/children.js';
import { until } from '../../../../scripts/test-support/until.js';
import type { LogLine } from './falcon.js';
import { PROJECT_DIR } from './falcon.js';

/** More would bury what it is about. */
const MESSAGE_CHARACTERS = 8000;

/** One of Falcon's own programs on a port that it keeps: it may be killed, frozen, stopped and started again. */
export class Service {
  private child?: ChildProcess;
  private output = '';

  constructor(
    readonly name: string,
    readonly port: number,
    private readonly options: { entry: string; env: NodeJS.ProcessEnv; readyPath: string },
  ) {}

  /** Starts the process and does not wait for anything. */
  launch(more: NodeJS.ProcessEnv = {}): void {
    const entry = resolve(PROJECT_DIR, this.options.entry);
    if (!existsSync(entry)) {
      throw new Error(`${entry} is missing: run "npm run build" first`);
    }
    const env = { PATH: process.env['PATH'], ...this.options.env, ...more, PORT: String(this.port) };
    const child = spawn(process.execPath, [entry], { cwd: PROJECT_DIR, env });
    endWithTheFile(child);
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (this.output += chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (this.output += chunk));
    this.child = child;
  }

  /** Starts the process and waits until it can serve. */
  async start(more: NodeJS.ProcessEnv = {}): Promise<this> {
    this.launch(more);
    await this.waitUntilReady();
    return this;
  }

  async waitUntilReady(timeoutMs = 30_000): Promise<void> {
    await until(() => this.isReady(), {
      timeoutMs,
      pollMs: 50,
      isHopeless: () => !this.isRunning(),
      complaint: () => `${this.name} did not become ready:\n${this.lastOutput()}`,
    });
  }

  /** Ends it as the kernel would that runs out of memory. */
  async kill(): Promise<void> {
    await end(this.child, 'SIGKILL', 'close');
  }

  /** Ends it as an operator would; resolves to its exit code. */
  async stop(): Promise<number | null> {
    this.resume();
    await end(this.child, 'SIGTERM', 'close');
    return this.child?.exitCode ?? null;
  }

  /** Asks it to end, and ends it if it has not done so in time. */
  async stopImpatiently(patienceMs: number): Promise<void> {
    await Promise.race([end(this.child, 'SIGTERM', 'close'), sleep(patienceMs, undefined, { ref: false })]);
    await this.kill();
  }

  /** It keeps its connections but does nothing. */
  freeze(): void {
    this.child?.kill('SIGSTOP');
  }

  resume(): void {
    this.child?.kill('SIGCONT');
  }

  isRunning(): boolean {
    return isRunning(this.child);
  }

  /** What was logged so far, by all of its processes. */
  logs(): LogLine[] {
    const objects = this.output.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'));
    return objects.map((line) => JSON.parse(line) as LogLine);
  }

  /** Waits for a log line whose message matches. */
  waitForLog(message: RegExp, timeoutMs = 30_000): Promise<LogLine> {
    const complaint = () => `${this.name} has not logged ${message}:\n${this.lastOutput()}`;
    return until(() => this.logs().find((line) => message.test(line.message)), { timeoutMs, complaint });
  }

  /** Waits until a health check is as wanted, and says what it says. */
  async waitForCheck(name: string, status: string): Promise<{ status: string; message?: string }> {
    let check: { status: string; message?: string };
    const asWanted = async () => {
      const response = await fetch(`http://127.0.0.1:${this.port}/_health/checks/${name}`);
      check = (await response.json()) as typeof check;
      return check.status === status && check;
    };
    const complaint = () => `The check ${name} is not ${status}: ${JSON.stringify(check)}`;
    return until(asWanted, { pollMs: 100, complaint });
  }

  /** A metric's value, all its series added up; undefined when the process does not answer. */
  async metric(name: string): Promise<number | undefined> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.port}/metrics`, { signal: AbortSignal.timeout(5000) });
      const samples = (await response.text()).matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'));
      return [...samples].reduce((sum, [, value]) => sum + Number(value), 0);
    } catch {
      return undefined;
    }
  }

  /** Waits until a metric is as wanted. */
  async waitForMetric(name: string, isWanted: (value: number) => boolean, timeoutMs = 30_000): Promise<void> {
    let value: number | undefined;
    const isSo = async () => {
      value = await this.metric(name);
      return value !== undefined && isWanted(value);
    };
    const complaint = () => `${name} of ${this.name} is ${value}:\n${this.lastOutput()}`;
    await until(isSo, { timeoutMs, pollMs: 100, complaint });
  }

  /** Waits until all that it has recorded is in the table. */
  whenShipped(): Promise<void> {
    return this.waitForMetric('audit_spool_records', (records) => records === 0);
  }

  /** For the message of a test that fails. */
  private lastOutput(): string {
    return this.output.slice(-MESSAGE_CHARACTERS);
  }

  /** Whether requests should be sent to it. */
  async isReady(): Promise<boolean> {
    try {
      const url = `http://127.0.0.1:${this.port}${this.options.readyPath}`;
      return (await fetch(url, { signal: AbortSignal.timeout(2000) })).ok;
    } catch {
      return false;
    }
  }
}

/** An HTTP server with its own spool in `dataDir`; what is not said here is as operators get it. */
export function apiService(name: string, port: number, env: NodeJS.ProcessEnv & { DATA_DIR: string }): Service {
  return new Service(name, port, {
    entry: 'dist/apps/api/src/main.js',
    env: {
      MODEL_DIR: resolve(PROJECT_DIR, 'models'),
      INFERENCE_WORKERS: '1',
      RATE_LIMIT_ENABLED: 'false',
      LOAD_SHEDDING: 'off',
      DRAIN_DELAY_SECONDS: '0',
      WORKER_ID: name,
      ...env,
    },
    readyPath: '/readyz',
  });
}

/** A process that brings records from the queue into the table. */
export function workerService(name: string, port: number, env: NodeJS.ProcessEnv): Service {
  return new Service(name, port, {
    entry: 'dist/apps/audit-worker/src/main.js',
    env: { WORKER_ID: name, ...env },
    readyPath: '/healthz',
  });
}
