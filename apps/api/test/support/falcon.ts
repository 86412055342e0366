import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { endWithTheFile } from '../../../../scripts/test-support/children.js';
import { until } from '../../../../scripts/test-support/until.js';

/** Folder of the checkout. */
export const PROJECT_DIR = resolve(__dirname, '../../../..');
/** The models that ship. */
export const MODELS_DIR = resolve(PROJECT_DIR, 'models');
const ENTRY = resolve(PROJECT_DIR, 'dist/apps/api/src/main.js');

/** A line of the server's log. */
export type LogLine = Record<string, unknown> & { level: string; message: string };

/** A server of its own process, as `node dist/apps/api/src/main.js` starts it. */
export class Falcon {
  readonly stdout: string[] = [];
  readonly stderr: string[] = [];
  private readonly exited: Promise<number | null>;

  private constructor(readonly process: ChildProcess) {
    endWithTheFile(process);
    process.stdout?.setEncoding('utf8').on('data', (chunk: string) => this.stdout.push(chunk));
    process.stderr?.setEncoding('utf8').on('data', (chunk: string) => this.stderr.push(chunk));
    this.exited = once(process, 'close').then(([code]) => code as number | null);
  }

  /** Starts a process and does not wait for anything. */
  static launch(env: NodeJS.ProcessEnv = {}, stdout: 'pipe' | number = 'pipe'): Falcon {
    if (!existsSync(ENTRY)) {
      throw new Error(`${ENTRY} is missing: run "npm run build" first`);
    }
    return new Falcon(
      spawn(process.execPath, [ENTRY], {
        cwd: PROJECT_DIR,
        stdio: ['pipe', stdout, 'pipe'],
        env: {
          PATH: process.env['PATH'],
          PORT: '0',
          MODEL_DIR: MODELS_DIR,
          INFERENCE_WORKERS: '1',
          AUDIT_DURABILITY: 'off',
          RATE_LIMIT_ENABLED: 'false',
          LOAD_SHEDDING: 'off',
          CACHE_ENABLED: 'false',
          DRAIN_DELAY_SECONDS: '0',
          ...env,
        },
      }),
    );
  }

  /** Starts a server and waits until it says that it is ready. */
  static async start(env: NodeJS.ProcessEnv = {}): Promise<Falcon> {
    const falcon = Falcon.launch(env);
    await falcon.waitForLog('Falcon is ready');
    return falcon;
  }

  /** What was logged so far; every line of stdout must be a JSON object. */
  logs(): LogLine[] {
    const complete = this.stdout.join('').split('\n').slice(0, -1);
    return complete.map((line) => JSON.parse(line) as LogLine);
  }

  /** Waits for a log line; fails when the process ends without it. */
  waitForLog(message: string, timeoutMs = 30_000): Promise<LogLine> {
    return this.waitForLine(`"${message}"`, (line) => line.message === message, timeoutMs);
  }

  /** Waits for the log line that belongs to a request. */
  waitForLineOf(requestId: unknown): Promise<LogLine> {
    return this.waitForLine(`line of request ${String(requestId)}`, (line) => line['request_id'] === requestId);
  }

  private waitForLine(what: string, isIt: (line: LogLine) => boolean, timeoutMs = 30_000): Promise<LogLine> {
    return until(() => this.logs().find(isIt), {
      timeoutMs,
      isHopeless: () => this.process.exitCode !== null,
      complaint: () => `no ${what} in the log:\n${this.stdout.join('')}${this.stderr.join('')}`,
    });
  }

  /** Waits for words on stderr, which may come after the log line that belongs to them. */
  async waitForStderr(words: string): Promise<void> {
    const complaint = () => `no "${words}" on stderr:\n${this.stderr.join('')}`;
    await until(() => this.stderr.join('').includes(words), { complaint });
  }

  /** Where it listens. */
  get port(): number {
    const ready = this.logs().find((line) => line.message === 'Falcon is ready');
    return Number(new URL(String(ready?.['url'])).port);
  }

  /** Waits for the end of the process; null when a signal ended it. */
  exitCode(): Promise<number | null> {
    return this.exited;
  }

  /** Ends it as an operator would. */
  async stop(): Promise<number | null> {
    this.process.kill('SIGTERM');
    return this.exited;
  }
}
