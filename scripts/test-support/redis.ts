import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { end, endWithTheFile, isRunning } from './children.js';
import { freePort } from './free-port.js';
import { describeWithTool, toolPath } from './tools.js';
import { until } from './until.js';

/** The redis-server to test with, if there is one. */
export const redisProgram = toolPath('redis-server');

/** `describe` where there is a Redis to test with; elsewhere the tests are skipped, and that is said. */
export function describeWithRedis(name: string, tests: () => void): void {
  describeWithTool('redis-server', name, tests);
}

/** What a test asks of its Redis. */
export interface TestRedisOptions {
  /** Keeps an append-only file, synced with every write, so that nothing is lost by a kill. */
  appendOnly?: boolean;
  /** More of redis-server's own options. */
  settings?: readonly string[];
  /** File for what it says; without one it is lost. */
  logFile?: string;
}

/** A real Redis of the test's own, on a free port, which may be killed, frozen and started again. */
export class TestRedis {
  private server?: ChildProcess;

  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly options: TestRedisOptions,
  ) {}

  /** Starts one and waits until it answers. */
  static async start(options: TestRedisOptions = {}): Promise<TestRedis> {
    const redis = await TestRedis.prepare(options);
    await redis.startAgain();
    return redis;
  }

  /** Chooses port and folder, but starts nothing yet. */
  static async prepare(options: TestRedisOptions = {}): Promise<TestRedis> {
    return new TestRedis(await freePort(), mkdtempSync(join(tmpdir(), 'falcon-redis-')), options);
  }

  /** Of its process; 0 when it has never run. */
  get pid(): number {
    return this.server?.pid ?? 0;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it on its port and folder, after a `kill()` or `prepare()`; nothing when it runs. */
  async startAgain(): Promise<void> {
    if (isRunning(this.server)) return;
    const persistence = this.options.appendOnly ? ['--appendonly', 'yes', '--appendfsync', 'always'] : [];
    const settings = ['--bind', '127.0.0.1', '--save', '', '--maxmemory-policy', 'noeviction', '--dir', this.folder];
    const output = this.options.logFile === undefined ? 'ignore' : openSync(this.options.logFile, 'w');
    const server = spawn(
      redisProgram ?? 'redis-server',
      ['--port', String(this.port), ...settings, ...persistence, ...(this.options.settings ?? [])],
      { stdio: ['ignore', output, output] },
    );
    this.server = server;
    endWithTheFile(server);
    const isHopeless = () => !isRunning(server);
    const complaint = async () => {
      await this.stop();
      return `redis-server did not start on port ${this.port}.`;
    };
    await until(() => this.answers(), { isHopeless, complaint });
  }

  /** Ends it as a crash or the kernel would. */
  async kill(): Promise<void> {
    await end(this.server, 'SIGKILL');
  }

  /** It keeps its connections but answers nothing. */
  freeze(): void {
    this.server?.kill('SIGSTOP');
  }

  resume(): void {
    this.server?.kill('SIGCONT');
  }

  /** Runs one command over a connection of its own. */
  async command(name: string, ...args: string[]): Promise<unknown> {
    const client = new Redis(this.port, '127.0.0.1', {
      retryStrategy: () => null,
      lazyConnect: true,
      disconnectTimeout: 50, // its timer runs on even if the connection was never made
    });
    client.on('error', () => undefined); // the command rejects with it
    try {
      await client.connect();
      return await client.call(name, ...args);
    } finally {
      client.disconnect();
    }
  }

  /** Ends it and removes its folder. */
  async stop(): Promise<void> {
    this.resume();
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async answers(): Promise<boolean> {
    try {
      return (await this.command('PING')) === 'PONG';
    } catch {
      return false; // not yet
    }
  }
}
