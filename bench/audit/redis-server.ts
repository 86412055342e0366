import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../scripts/test-support/free-port.js';
import { readProcessUsage } from '../process-usage.js';

const START_TIMEOUT_MS = 10_000;
const FETCHED = '.redis/redis-server';

/** What the measured Redis is told: what docs and warnings ask of a Redis that keeps a queue. */
export const REDIS_SETTINGS = { appendonly: 'yes', appendfsync: 'everysec', 'maxmemory-policy': 'noeviction' };

/** A Redis of its own in a temporary folder. */
export class RedisServer {
  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    private readonly port: number,
  ) {}

  /** Resolves when it answers; its output goes to `<name>.log`. */
  static async start(
    logFolder: string,
    name = 'redis',
    settings: Record<string, string> = REDIS_SETTINGS,
  ): Promise<RedisServer> {
    const folder = mkdtempSync(join(tmpdir(), 'falcon-bench-redis-'));
    const port = await freePort();
    const place = { port: String(port), bind: '127.0.0.1', dir: folder, save: '' };
    const args = Object.entries({ ...place, ...settings }).flatMap(([key, value]) => [`--${key}`, value]);
    const log = openSync(join(logFolder, `${name}.log`), 'w');
    const server = new RedisServer(spawn(findProgram(), args, { stdio: ['ignore', log, log] }), folder, port);
    await server.waitUntilReady();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  usage() {
    return readProcessUsage(this.child.pid!);
  }

  /** Ends it and removes its folder. */
  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const exited = once(this.child, 'exit');
      this.child.kill('SIGKILL');
      await exited;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async waitUntilReady(): Promise<void> {
    const deadlineMs = performance.now() + START_TIMEOUT_MS;
    while (!(await isListening(this.port))) {
      if (this.child.exitCode !== null || performance.now() > deadlineMs) {
        await this.stop();
        throw new Error('redis-server did not start: see its log');
      }
      await sleep(20);
    }
  }
}

function findProgram(): string {
  if (spawnSync('redis-server', ['--version']).status === 0) return 'redis-server';
  if (existsSync(FETCHED)) return resolve(FETCHED);
  throw new Error('there is no redis-server: install one, or run scripts/redis.sh');
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false; // not yet
  } finally {
    socket.destroy();
  }
}
