import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { endWithTheFile } from '../../../../scripts/test-support/children.js';
import { PROJECT_DIR } from '../../../../scripts/test-support/program.js';

const MAIN = join(PROJECT_DIR, 'dist/apps/cli/src/main.js');

/** How a command ended and what it printed. */
export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** How a command is run. */
export interface RunOptions {
  /** Its standard input. */
  input?: string;
  /** Sends Ctrl-C once its output matches. */
  interruptAt?: RegExp;
  /** Does something once its output matches. */
  onceSeen?: { words: RegExp; act: () => Promise<unknown> };
  /** Sends this once the promise is fulfilled; its standard input stays open until then. */
  signal?: { name: NodeJS.Signals; when: Promise<unknown> };
  /** Reads no more of its output once that matches, as `head` does; its standard input stays open then. */
  leaveAt?: RegExp;
  /** Nothing else but the PATH comes from the caller's shell, which may name services of theirs. */
  env?: NodeJS.ProcessEnv;
}

/** Runs the built `falcon` to its end. */
export function falcon(args: string[], { input = '', interruptAt, onceSeen, signal, leaveAt, env }: RunOptions = {}) {
  return new Promise<Finished>((done) => {
    const child = spawn(process.execPath, [MAIN, ...args], {
      cwd: PROJECT_DIR,
      env: { PATH: process.env['PATH'], ...env },
    });
    endWithTheFile(child);
    const output = { stdout: '', stderr: '' };
    let interrupted = false;
    let seen = false;
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (data: string) => {
        output[stream] += data;
        if (!seen && onceSeen?.words.test(output[stream])) {
          seen = true;
          void onceSeen.act();
        }
        if (leaveAt?.test(output[stream])) child[stream].destroy();
        if (interrupted || !interruptAt?.test(output[stream])) return;
        interrupted = true;
        child.kill('SIGINT');
      });
    }
    child.on('close', (code) => done({ code, ...output }));
    child.stdin.on('error', () => undefined); // a command that takes no input may have ended before it is written
    child.stdin.write(input);
    if (!leaveAt && !signal) child.stdin.end();
    void signal?.when.then(
      () => child.kill(signal.name),
      () => child.kill('SIGKILL'),
    );
  });
}
