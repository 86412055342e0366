import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { end, isRunning } from '../test-support/children.js';
import { until } from '../test-support/until.js';
import { programEnvironment } from './environment.js';
import type { Part } from './part.js';

/** How one of Falcon's programs is started. */
export interface ProgramRecipe {
  name: string;
  /** Below dist/. */
  script: string;
  port: number;
  readyPath: string;
  env: Record<string, string>;
  logFolder: string;
}

const START_TIMEOUT_MS = 60_000;
/** What service managers give a program between SIGTERM and SIGKILL. */
const STOP_TIMEOUT_MS = 40_000;
/** Of a throttled process: it runs for its share of each period, as under the kernel's CPU quota, only coarser. */
const THROTTLE_PERIOD_MS = 450;

/** One of Falcon's programs as a process of its own, on a port that it keeps. */
export class NodeProgram implements Part {
  private child?: ChildProcess;
  private throttling?: AbortController;

  constructor(private readonly recipe: ProgramRecipe) {}

  get port(): number {
    return this.recipe.port;
  }

  async start(settings: Record<string, string> = {}): Promise<void> {
    if (isRunning(this.child)) return;
    const { name, script, port, env, logFolder } = this.recipe;
    const log = openSync(join(logFolder, `${name}.log`), 'a');
    this.child = spawn(process.execPath, [resolve('dist', script)], {
      env: programEnvironment({ ...env, ...settings, WORKER_ID: name, PORT: String(port) }),
      stdio: ['ignore', log, log],
    });
    closeSync(log);
  }

  async whenReady(): Promise<void> {
    const { name, logFolder } = this.recipe;
    await until(() => this.isReady(), {
      timeoutMs: START_TIMEOUT_MS,
      pollMs: 50,
      isHopeless: () => !isRunning(this.child),
      complaint: () => `${name} did not become ready: see ${name}.log in ${logFolder}`,
    });
  }

  async stop(): Promise<void> {
    const kill = setTimeout(() => this.child?.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await this.end('SIGTERM');
    clearTimeout(kill);
  }

  kill(): Promise<void> {
    return this.end('SIGKILL');
  }

  pause(): void {
    this.child?.kill('SIGSTOP');
  }

  unpause(): void {
    this.throttling?.abort();
    this.child?.kill('SIGCONT');
  }

  /** Gives it so little of a CPU until it ends or `unpause()`. */
  throttle(share: number): void {
    this.throttling = new AbortController();
    void this.keepThrottling(share, this.throttling);
  }

  private async keepThrottling(share: number, { signal }: AbortController): Promise<void> {
    while (!signal.aborted && isRunning(this.child)) {
      this.child?.kill('SIGSTOP');
      await sleep(THROTTLE_PERIOD_MS * (1 - share));
      this.child?.kill('SIGCONT');
      await sleep(THROTTLE_PERIOD_MS * share);
    }
  }

  private async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await end(this.child, signal);
    this.throttling?.abort();
  }

  private async isReady(): Promise<boolean> {
    try {
      const url = `http://127.0.0.1:${this.recipe.port}${this.recipe.readyPath}`;
      return (await fetch(url, { signal: AbortSignal.timeout(2000) })).ok;
    } catch {
      return false; // it does not listen yet
    }
  }
}
