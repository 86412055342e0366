import { spawn } from 'node:child_process';
import type { ShellResult } from './stack.js';

const TIMEOUT_MS = 120_000;

/** Runs commands in bash, and stops at the first that fails. Ctrl-C at a terminal does not reach them: a remedy has to come to its end. */
export function runShell(commands: string, env: NodeJS.ProcessEnv, timeoutMs = TIMEOUT_MS): Promise<ShellResult> {
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['--norc', '-euo', 'pipefail', '-c', commands], {
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const timeout = setTimeout(() => endGroup(child.pid), timeoutMs);
    let stdout = '';
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
      output += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timeout);
      resolve({ code: code ?? 1, stdout, output });
    });
  });
}

/** Ends the commands and all that they have started. */
function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid);
  } catch {
    // They have just ended.
  }
}
