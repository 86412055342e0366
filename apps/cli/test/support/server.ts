import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { endWithTheFile } from '../../../../scripts/test-support/children.js';
import { ROOT } from './falcon.js';

const MAIN = join(ROOT, 'dist/apps/api/src/main.js');

/** A server for commands that talk to one. */
export interface Server {
  url: string;
  stop(): Promise<void>;
}

/** Starts the built server on a free port and waits until it logs this; unless it is ready, its port has to be given. */
export async function startServer(env: NodeJS.ProcessEnv, awaited = 'Falcon is ready'): Promise<Server> {
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
  endWithTheFile(child);
  const url = await urlOf(child, awaited);
  return { url: url ?? `http://127.0.0.1:${env['PORT']}`, stop: () => stop(child) };
}

async function urlOf(child: ChildProcess, awaited: string): Promise<string | undefined> {
  for await (const line of createInterface({ input: child.stdout! })) {
    const { message, url } = JSON.parse(line) as { message: string; url?: string };
    if (message === awaited) {
      child.stdout!.resume();
      return url;
    }
  }
  throw new Error('The server ended and did not log what was waited for.');
}

async function stop(child: ChildProcess): Promise<void> {
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  await closed;
}
