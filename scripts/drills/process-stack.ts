import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { queryOnce } from '../../libs/audit-log/test-support/postgres-access.js';
import { startTcpPostgres, type TcpPostgres } from '../../libs/audit-log/test-support/tcp-postgres.js';
import { freePort } from '../test-support/free-port.js';
import type { TestPrometheus } from '../test-support/prometheus.js';
import { TestRedis } from '../test-support/redis.js';
import { RoundRobinProxy } from '../test-support/round-robin-proxy.js';
import { ControlSocket } from './control-socket.js';
import type { LoadOptions } from './drill-load.js';
import { programEnvironment } from './environment.js';
import { NodeProgram } from './node-program.js';
import { type Part, PostgresPart, RedisPart } from './part.js';
import { activeAlerts, watchFaster } from './prometheus.js';
import { runShell } from './run-shell.js';
import type { ActiveAlert, ShellResult, Stack, Verb } from './stack.js';

/** What is asked of a stack of processes. */
export interface ProcessStackOptions {
  /** Folder for the logs of everything. */
  logFolder: string;
  factor: number;
  /** Bash that defines the runbook's words. */
  preamble: string;
}

const ADMIN_KEY = 'drill-admin-key-0123456789';
const CACHE_SETTINGS = ['--maxmemory', '256mb', '--maxmemory-policy', 'allkeys-lru'];
const SERVERS = ['worker-1', 'worker-2'];

/** A stack of this machine's own processes: nothing is needed but Node.js, redis-server and prometheus. */
export class ProcessStack implements Stack {
  readonly isOwn = true;
  private readonly parts = new Map<string, Part>();
  private readonly programs = new Map<string, NodeProgram>();
  private readonly closers: (() => Promise<unknown> | void)[] = [];
  private settings: Record<string, string> = {};
  private postgres!: TcpPostgres;
  private prometheus!: TestPrometheus;
  private proxy!: RoundRobinProxy;
  private readonly folder = mkdtempSync(join(tmpdir(), 'falcon-drill-'));
  private apiKey: string | undefined;

  private constructor(private readonly options: ProcessStackOptions) {}

  static async start(options: ProcessStackOptions): Promise<ProcessStack> {
    const stack = new ProcessStack(options);
    try {
      await stack.open();
      return stack;
    } catch (error) {
      await stack.close();
      throw error;
    }
  }

  get load(): LoadOptions {
    return { url: `http://127.0.0.1:${this.proxy.port}`, apiKey: this.apiKey };
  }

  get logFolder(): string {
    return this.options.logFolder;
  }

  get factor(): number {
    return this.options.factor;
  }

  async control(verb: Verb, name: string, settings?: Record<string, string>): Promise<void> {
    const part = this.parts.get(name);
    if (!part) throw new Error(`There is no part "${name}" but ${[...this.parts.keys()].join(', ')}.`);
    if (verb === 'restart' || (verb === 'start' && settings)) await part.stop();
    await (verb === 'restart' ? part.start(settings) : part[verb](settings));
    if (verb === 'start' || verb === 'restart') await this.programs.get(name)?.whenReady();
  }

  async throttle(name: string, share: number): Promise<void> {
    this.programs.get(name)?.throttle(share);
  }

  urlOf(name: string): string {
    return `http://127.0.0.1:${this.programs.get(name)?.port}`;
  }

  async sql(statement: string): Promise<string> {
    const rows = await queryOnce<Record<string, unknown>>({ connectionString: this.postgres.url() }, statement);
    return rows.map((row) => `${Object.values(row).join(' | ')}\n`).join('');
  }

  alerts(): Promise<ActiveAlert[]> {
    return activeAlerts(this.prometheus.url);
  }

  shell(commands: string, env: Record<string, string> = {}): Promise<ShellResult> {
    const own = {
      ...this.settings,
      URL: this.urlOf('worker-2'),
      WORKER: 'worker-2',
      WORKERS: SERVERS.join(' '),
      ADMIN_API_KEY: ADMIN_KEY,
      API_KEY: this.apiKey,
      DATA_DIR: join(this.folder, 'worker-2'),
      MODEL_DIR: join(this.folder, 'models'),
      TMPDIR: this.folder, // what is put aside goes with the stack
    };
    const environment = programEnvironment({ ...own, ...env }, [this.folder]);
    return runShell(`${this.options.preamble}\n${commands}`, environment);
  }

  async must(commands: string, env?: Record<string, string>): Promise<void> {
    const { code, output } = await this.shell(commands, env);
    if (code !== 0) throw new Error(`This ended with ${code}: ${commands}\n${output}`);
  }

  async unrecorded(requestIds: readonly string[]): Promise<string> {
    const ledger = join(this.folder, 'ledger');
    writeFileSync(ledger, requestIds.map((id) => `${id}\n`).join(''));
    const { code, output } = await this.shell(`falcon audit verify '${ledger}'`);
    return code === 0 ? '' : output;
  }

  /** A new key of a tenant. */
  async newKey(tenant: string): Promise<string> {
    const { code, stdout, output } = await this.shell(`falcon keys create --tenant ${tenant}`);
    if (code !== 0) throw new Error(`No key was made: ${output}`);
    return stdout.trim();
  }

  async close(): Promise<void> {
    for (const close of this.closers.toReversed()) await close();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  private async open(): Promise<void> {
    mkdirSync(this.options.logFolder, { recursive: true });
    cpSync(resolve('models'), join(this.folder, 'models'), { recursive: true });
    await this.openServices();
    this.settings['API_KEYS_FILE'] = join(this.folder, 'keys.json');
    this.apiKey = await this.newKey('steady');
    await this.openPrograms();
    const ports = SERVERS.map((name) => this.programs.get(name)!.port);
    this.proxy = await RoundRobinProxy.start(ports);
    this.closers.push(() => this.proxy.close());
    const { factor } = this.options;
    const addressOf = (name: string) => `127.0.0.1:${this.programs.get(name)!.port}`;
    const jobs = {
      'falcon-workers': Object.fromEntries(SERVERS.map((name) => [name, addressOf(name)])),
      'falcon-audit-worker': { 'audit-worker': addressOf('audit-worker') },
    };
    this.prometheus = await watchFaster(factor, jobs);
    this.closers.push(() => this.prometheus.stop());
    const control = await ControlSocket.open(this.folder, this);
    this.closers.push(() => control.close());
  }

  private async openServices(): Promise<void> {
    const [postgres, cache, queue] = await Promise.all([
      startTcpPostgres({ logFile: join(this.options.logFolder, 'postgres.log') }),
      TestRedis.prepare({ settings: CACHE_SETTINGS }),
      TestRedis.prepare({ appendOnly: true }),
    ]);
    this.postgres = postgres;
    this.parts.set('postgres', new PostgresPart(postgres));
    this.parts.set('redis-cache', new RedisPart(cache));
    this.parts.set('redis-queue', new RedisPart(queue));
    this.closers.push(() => postgres.remove());
    for (const redis of [cache, queue]) this.closers.push(() => redis.stop());
    await Promise.all(['redis-cache', 'redis-queue'].map((name) => this.parts.get(name)!.start()));
    this.settings = { POSTGRES_URL: postgres.url(), REDIS_URL: cache.url, REDIS_QUEUE_URL: queue.url };
  }

  private async openPrograms(): Promise<void> {
    const { logFolder } = this.options;
    const shared = { ...this.settings, LOG_LEVEL: 'INFO' };
    for (const name of SERVERS) {
      const env = {
        ...shared,
        MODEL_DIR: join(this.folder, 'models'),
        DATA_DIR: join(this.folder, name),
        AUTH_MODE: 'api-key',
        ADMIN_API_KEY: ADMIN_KEY,
        RATE_LIMIT_PER_MINUTE: '1000000',
        RATE_LIMIT_BURST: '10000',
        INFERENCE_WORKERS: '1',
        DRAIN_DELAY_SECONDS: '1',
      };
      this.add({ name, script: 'apps/api/src/main.js', readyPath: '/readyz', port: await freePort(), env, logFolder });
    }
    const script = 'apps/audit-worker/src/main.js';
    this.add({ name: 'audit-worker', script, readyPath: '/healthz', port: await freePort(), env: shared, logFolder });
    await Promise.all([...this.programs.values()].map((program) => program.start()));
    await Promise.all([...this.programs.values()].map((program) => program.whenReady()));
  }

  private add(recipe: ConstructorParameters<typeof NodeProgram>[0]): void {
    const program = new NodeProgram(recipe);
    this.parts.set(recipe.name, program);
    this.programs.set(recipe.name, program);
    this.closers.push(() => program.kill());
  }
}
