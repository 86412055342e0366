import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';

/** Root of the repository, in which `falcon` runs. */
export const ROOT = resolve(__dirname, '../../../..');
const MAIN = join(ROOT, 'dist/apps/cli/src/main.js');

/** How a command ended and what it printed. */
export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the built `falcon` on `input`; with `interruptAt`, sends Ctrl-C once standard error matches it. */
export function falcon(args: string[], { input = '', interruptAt }: { input?: string; interruptAt?: RegExp } = {}) {
  return new Promise<Finished>((done) => {
    const child = spawn(process.execPath, [MAIN, ...args], { cwd: ROOT });
    let stdout = '';
    let stderr = '';
    let interrupted = false;
    child.stdout.on('data', (data) => (stdout += data));
    child.stderr.on('data', (data) => {
      stderr += data;
      if (interrupted || !interruptAt?.test(stderr)) return;
      interrupted = true;
      child.kill('SIGINT');
    });
    child.on('close', (code) => done({ code, stdout, stderr }));
    child.stdin.on('error', () => undefined); // a command that takes no input may have ended before it is written
    child.stdin.end(input);
  });
}
