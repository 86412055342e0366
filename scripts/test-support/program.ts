import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { endWithTheFile, isRunning } from './children.js';
import { until } from './until.js';

/** Folder of the checkout. */
export const PROJECT_DIR = resolve(__dirname, '../..');

/** A line of a program's log. */
export type LogLine = Record<string, unknown> & { level: string; message: string };

/** One of Falcon's built programs as a process of its own, with what it has said. */
export class Program {
  readonly process: ChildProcess;
  stdout = '';
  stderr = '';
  private readonly exited: Promise<number | null>;

  /** Starts a script of dist/ and does not wait for anything; of the caller's environment it gets the PATH alone. */
  constructor(script: string, env: NodeJS.ProcessEnv, stdout: 'pipe' | number = 'pipe') {
    const entry = resolve(PROJECT_DIR, 'dist', script);
    if (!existsSync(entry)) {
      throw new Error(`${entry} is missing: run "npm run build" first`);
    }
    this.process = spawn(process.execPath, [entry], {
      cwd: PROJECT_DIR,
      stdio: ['pipe', stdout, 'pipe'],
      env: { PATH: process.env['PATH'], ...env },
    });
    endWithTheFile(this.process);
    this.process.stdout?.setEncoding('utf8').on('data', (chunk: string) => (this.stdout += chunk));
    this.process.stderr?.setEncoding('utf8').on('data', (chunk: string) => (this.stderr += chunk));
    this.exited = once(this.process, 'close').then(([code]) => code as number | null);
  }

  /** What was logged so far; every line of stdout must be a JSON object. */
  logs(): LogLine[] {
    const complete = this.stdout.split('\n').slice(0, -1);
    return complete.map((line) => JSON.parse(line) as LogLine);
  }

  /** Waits for a log line; fails when the process ends without it. */
  waitForLog(message: string): Promise<LogLine> {
    return this.waitForLine(`"${message}"`, (line) => line.message === message);
  }

  protected waitForLine(what: string, isIt: (line: LogLine) => boolean): Promise<LogLine> {
    return until(() => this.logs().find(isIt), {
      isHopeless: () => !isRunning(this.process),
      complaint: () => `no ${what} in the log:\n${this.stdout}${this.stderr}`,
    });
  }

  /** It keeps its connections but does nothing. */
  freeze(): void {
    this.process.kill('SIGSTOP');
  }

  resume(): void {
    this.process.kill('SIGCONT');
  }

  /** Waits for the end of the process; null when a signal ended it. */
  exitCode(): Promise<number | null> {
    return this.exited;
  }

  /** Ends it as an operator would. */
  stop(): Promise<number | null> {
    this.resume(); // who is frozen hears nothing
    this.process.kill('SIGTERM');
    return this.exited;
  }

  /** Ends it as a crash or the kernel would. */
  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.exited;
  }
}
