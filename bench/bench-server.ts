import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { serverEnvironment } from './config.js';
import type { EventLoopReport } from './event-loop-probe.js';
import { end, isRunning } from '../scripts/test-support/children.js';
import { freePort } from '../scripts/test-support/free-port.js';
import { readProcessUsage, readServingCpuMs } from './process-usage.js';

const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 10_000;

/** How one of the compared servers is started. */
export interface ServerRecipe {
  name: string;
  /** Compiled script, relative to dist/. */
  script: string;
  args?: string[];
  /** Falcon is told its port and asked for readiness; the reference servers choose a port and report it. */
  isFalcon?: boolean;
  /** Whether the event-loop probe is loaded into it. */
  hasProbe?: boolean;
  /** Settings beyond the caller's environment. */
  env?: Record<string, string>;
}

/** What `make run` gives to Node (docs/decisions, 9 and 41). */
const START_OPTIONS = ['--use-largepages=silent', '--max-semi-space-size=16'];

/** A server under test, running in a process of its own. */
export class BenchServer {
  private constructor(
    readonly name: string,
    readonly port: number,
    /** Whether the event-loop probe was loaded into the server. */
    readonly hasProbe: boolean,
    private readonly child: ChildProcess,
  ) {}

  /** Resolves when the server answers; its output goes to `<logFolder>/<name>.log`. */
  static async start(recipe: ServerRecipe, logFolder: string): Promise<BenchServer> {
    const wantedPort = recipe.isFalcon ? await freePort() : 0;
    const log = openSync(join(logFolder, `${recipe.name}.log`), 'w');
    const probe = recipe.hasProbe ? ['--require', join(__dirname, 'event-loop-probe.js')] : [];
    const dataFolder = mkdtempSync(join(tmpdir(), 'falcon-bench-data-')); // the caller's has somebody's spool and Postgres
    chmodSync(dataFolder, 0o755); // Postgres does not run as root, and then as somebody who must get in
    const options = [...(recipe.isFalcon ? START_OPTIONS : []), ...probe];
    const child = spawn(process.execPath, [...options, join(__dirname, '..', recipe.script), ...(recipe.args ?? [])], {
      env: serverEnvironment({
        HOST: '127.0.0.1',
        PORT: String(wantedPort),
        LOG_LEVEL: 'INFO',
        DRAIN_DELAY_SECONDS: '0',
        DATA_DIR: dataFolder,
        ...recipe.env,
      }),
      stdio: ['ignore', log, log, 'ipc'],
    });
    child.once('exit', () => rmSync(dataFolder, { recursive: true, force: true, maxRetries: 5 }));
    const died = once(child, 'exit').then(([code]) => {
      throw new Error(`${recipe.name} ended with ${code} instead of starting: see ${recipe.name}.log in ${logFolder}`);
    });
    const tooSlow = sleep(START_TIMEOUT_MS, undefined, { ref: false }).then(() => {
      throw new Error(`${recipe.name} was not ready within ${START_TIMEOUT_MS} ms`);
    });
    const started = recipe.isFalcon ? waitUntilReady(wantedPort, child) : reportedPort(child);
    const port = await Promise.race([started, died, tooSlow]).catch((error: unknown) => {
      child.kill('SIGKILL');
      throw error;
    });
    died.catch(() => undefined); // from now on a death shows as failed requests
    return new BenchServer(recipe.name, port, recipe.hasProbe === true, child);
  }

  usage() {
    return readProcessUsage(this.child.pid!);
  }

  /** CPU time of the thread that serves. */
  servingCpuMs(): number {
    return readServingCpuMs(this.child.pid!);
  }

  /** Starts the event-loop probe's window anew (Falcon only). */
  resetEventLoop(): void {
    this.child.send('event-loop-reset');
  }

  /** What the event-loop probe has seen since the last reset (Falcon only). */
  async eventLoop(): Promise<EventLoopReport['eventLoop']> {
    const answer = once(this.child, 'message');
    this.child.send('event-loop-report');
    const [{ eventLoop }] = (await answer) as [EventLoopReport];
    return eventLoop;
  }

  /** It does nothing, and costs nothing, until `resume()`. */
  freeze(): void {
    this.child.kill('SIGSTOP');
  }

  resume(): void {
    this.child.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    this.resume();
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await end(this.child, 'SIGTERM');
    clearTimeout(timer);
  }
}

async function reportedPort(child: ChildProcess): Promise<number> {
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return port;
}

async function waitUntilReady(port: number, child: ChildProcess): Promise<number> {
  while (isRunning(child)) {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined); // refused: not listening yet
    if (response?.ok) return port;
    await sleep(50);
  }
  return Number.NaN; // that it ended is told by who waits for that
}
