import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning } from '../../../../scripts/test-support/children.js';
import { type LogLine, Program } from '../../../../scripts/test-support/program.js';
import { until } from '../../../../scripts/test-support/until.js';
import { MODELS_DIR } from './falcon.js';

/** More would bury what it is about. */
const MESSAGE_CHARACTERS = 8000;

/** One of Falcon's own programs on a port that it keeps: it may be killed, frozen, stopped and started again. */
export class Service {
  private readonly programs: Program[] = [];

  constructor(
    readonly name: string,
    readonly port: number,
    private readonly options: { script: string; env: NodeJS.ProcessEnv; readyPath: string },
  ) {}

  /** Starts the process and does not wait for anything. */
  launch(more: NodeJS.ProcessEnv = {}): void {
    const { script, env } = this.options;
    this.programs.push(new Program(script, { ...env, ...more, PORT: String(this.port) }));
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
    await this.program?.kill();
  }

  /** Ends it as an operator would; resolves to its exit code. */
  async stop(): Promise<number | null> {
    return (await this.program?.stop()) ?? null;
  }

  /** Asks it to end, and ends it if it has not done so in time. */
  async stopImpatiently(patienceMs: number): Promise<void> {
    await Promise.race([this.stop(), sleep(patienceMs, undefined, { ref: false })]);
    await this.kill();
  }

  /** It keeps its connections but does nothing. */
  freeze(): void {
    this.program?.freeze();
  }

  resume(): void {
    this.program?.resume();
  }

  isRunning(): boolean {
    return isRunning(this.program?.process);
  }

  /** What was logged so far, by all of its processes. */
  logs(): LogLine[] {
    return this.programs.flatMap((program) => program.logs());
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
    const output = this.programs.map(({ stdout, stderr }) => stdout + stderr);
    return output.join('').slice(-MESSAGE_CHARACTERS);
  }

  /** The one that runs, or has run last. */
  private get program(): Program | undefined {
    return this.programs.at(-1);
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
    script: 'apps/api/src/main.js',
    env: {
      MODEL_DIR: MODELS_DIR,
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
    script: 'apps/audit-worker/src/main.js',
    env: { WORKER_ID: name, ...env },
    readyPath: '/healthz',
  });
}
