import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from './falcon.js';

const MAIN = join(ROOT, 'dist/apps/api/src/main.js');

/** A server for commands that talk to one. */
export interface Server {
  url: string;
  stop(): Promise<void>;
}

/** Starts the built server on a free port and waits until it is ready. */
export async function startServer(env: NodeJS.ProcessEnv = {}): Promise<Server> {
  const child = spawn(process.execPath, [MAIN], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      PORT: '0',
      INFERENCE_WORKERS: '1',
      AUDIT_DURABILITY: 'off',
      DRAIN_DELAY_SECONDS: '0',
      ...env,
    },
  });
  return { url: await urlOf(child), stop: () => stop(child) };
}

async function urlOf(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) {
    const { message, url } = JSON.parse(line) as { message: string; url?: string };
    if (message === 'Falcon is ready' && url !== undefined) {
      child.stdout!.resume();
      return url;
    }
  }
  throw new Error('The server ended before it was ready.');
}

async function stop(child: ChildProcess): Promise<void> {
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  await closed;
}
