import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../../../scripts/test-support/free-port.js';
import { makeDataDir } from '../../../../libs/audit-log/test-support/data-dir.js';
import {
  embeddedConnection,
  embeddedProcesses,
  queryOnce,
} from '../../../../libs/audit-log/test-support/postgres-access.js';
import { plantCluster } from '../../../../libs/audit-log/test-support/planted-cluster.js';
import { signalAll } from '../../../../scripts/test-support/process-tree.js';
import { PROJECT_DIR } from '../../../../scripts/test-support/program.js';
import { TestRedis } from '../../../../scripts/test-support/redis.js';
import { run, type Said } from '../../../../scripts/test-support/run.js';
import { until } from '../../../../scripts/test-support/until.js';
import { startTcpPostgres, type TcpPostgres } from '../../../../libs/audit-log/test-support/tcp-postgres.js';
import { differences, LEDGER_ROWS, ledgerLines, type LedgerDifferences, type LedgerRow } from './ledger-check.js';
import type { LedgerClient } from './ledger-client.js';
import { apiService, type Service, workerService } from './service.js';

/** What is not recorded in time on a busy machine would be no fault of what is tested. */
const PATIENT_MS = '30000';

/** Which services Falcon does not bring itself; `later` chooses where they will be, but does not start them. */
export interface StackOptions {
  redis?: 'now' | 'later';
  postgres?: 'now' | 'later';
}

/** Real processes around one data folder, as operators combine them. */
export class AuditStack {
  readonly dataDir = makeDataDir();
  readonly apis: Service[] = [];
  readonly workers: Service[] = [];
  private frozen: number[] = [];

  private constructor(
    readonly redis: TestRedis | undefined,
    readonly postgres: TcpPostgres | undefined,
  ) {}

  /** Starts the services that Falcon is to be given; without any it brings its own, and finds its cluster made. */
  static async open({ redis, postgres }: StackOptions = {}): Promise<AuditStack> {
    const stack = new AuditStack(
      redis && (await TestRedis.prepare({ appendOnly: true })),
      postgres && (await startTcpPostgres()),
    );
    await Promise.all([
      redis === 'now' && stack.redis?.startAgain(),
      postgres === 'later' && stack.postgres?.kill(),
      postgres === undefined && plantCluster(stack.dataDir),
    ]);
    return stack;
  }

  /** An HTTP server on the data folder, not started yet. */
  async api(name: string, env: NodeJS.ProcessEnv = {}): Promise<Service> {
    const own = { DATA_DIR: this.dataDir, AUDIT_APPEND_TIMEOUT_MS: PATIENT_MS, ...this.urls() };
    const api = apiService(name, await freePort(), { ...own, ...env });
    this.apis.push(api);
    return api;
  }

  /** A process that writes the table, not started yet. */
  async worker(name: string, env: NodeJS.ProcessEnv = {}): Promise<Service> {
    const worker = workerService(name, await freePort(), { ...this.urls(), ...env });
    this.workers.push(worker);
    return worker;
  }

  /** Runs one statement on the table's Postgres. */
  query<Row extends object>(sql: string, values: unknown[] = []): Promise<Row[]> {
    return this.postgres
      ? queryOnce<Row>({ connectionString: this.postgres.url() }, sql, values)
      : queryOnce<Row>(embeddedConnection(this.dataDir), sql, values);
  }

  /** The same in another database of that Postgres. */
  queryIn<Row extends object>(database: string, sql: string): Promise<Row[]> {
    return queryOnce<Row>({ connectionString: this.postgres!.url({ database }) }, sql);
  }

  /** All rows there are; none while there is no table. */
  async rows(): Promise<LedgerRow[]> {
    const [table] = await this.query<{ made: boolean }>(
      `SELECT to_regclass('inference_log_dead_letters') IS NOT NULL AS made`,
    );
    return table?.made ? this.query<LedgerRow>(LEDGER_ROWS) : [];
  }

  /** Waits until the table has so many rows, one unless said otherwise. */
  async waitForRows(atLeast = 1): Promise<void> {
    let found = 0;
    const isEnough = async () => {
      found = (await this.rows().catch(() => [])).length; // there may be no Postgres yet
      return found >= atLeast;
    };
    const complaint = () => `The table has ${found} rows instead of at least ${atLeast}.`;
    await until(isEnough, { pollMs: 100, complaint });
  }

  /** Waits until all that was recorded is in the table, and compares it with what the clients were answered. */
  async settle(clients: readonly LedgerClient[], timeoutMs = 60_000): Promise<LedgerDifferences> {
    const patience = { timeoutMs, pollMs: 250 };
    const isShipped = async () => (await this.recordsOnSpools()) === 0;
    await until(isShipped, { ...patience, complaint: () => this.whatIsNotShipped() });
    const whole = until(async () => {
      const found = await this.compare(clients).catch(() => undefined); // Postgres may be restarting
      return found?.missing.length === 0 && found;
    }, patience);
    return whole.catch(() => this.compare(clients)); // what is missing in the end is the caller's to judge
  }

  /** How the table differs from what the clients were answered, now. */
  async compare(clients: readonly LedgerClient[]): Promise<LedgerDifferences> {
    return differences(clients, await this.rows());
  }

  /** For the message of a test that fails, with the last that each process logged. */
  private async whatIsNotShipped(): Promise<string> {
    const known = `${(await this.recordsOnSpools()) ?? 'unknown'} records, ${this.spools().join(', ')}`;
    const { stdout, stderr } = await this.falcon('audit', 'status');
    const lines = [...this.apis, ...this.workers].flatMap((service) =>
      service
        .logs()
        .slice(-25)
        .map((line) => `${service.name} ${JSON.stringify(line)}`),
    );
    return `Spools are not shipped: ${known}\n${stdout}${stderr}\n${lines.join('\n')}`;
  }

  /** Folders of the spools there are. */
  spools(): string[] {
    const root = join(this.dataDir, 'spool');
    return existsSync(root) ? readdirSync(root) : [];
  }

  /** Waits until so many spools are left. */
  async waitForSpools(count: number): Promise<void> {
    const complaint = () => `There are other spools than expected: ${this.spools().join(', ')}`;
    await until(() => this.spools().length === count, { pollMs: 100, complaint });
  }

  /** Kills the embedded Postgres, all of its processes or the first one alone; false when it does not run. */
  killEmbeddedPostgres(whom: 'all' | 'postmaster'): boolean {
    const processes = embeddedProcesses(this.dataDir);
    signalAll(whom === 'all' ? processes : processes.slice(0, 1), 'SIGKILL');
    return processes.length > 0;
  }

  /** Stops the embedded Postgres in the middle of what it does; false when it does not run. */
  freezeEmbeddedPostgres(): boolean {
    this.frozen = embeddedProcesses(this.dataDir);
    signalAll(this.frozen, 'SIGSTOP');
    return this.frozen.length > 0;
  }

  resumeEmbeddedPostgres(): void {
    signalAll(this.frozen, 'SIGCONT');
    this.frozen = [];
  }

  /** What `falcon audit verify` says of the clients' ledger. */
  async verify(clients: readonly LedgerClient[]): Promise<Said> {
    const ledger = join(this.dataDir, 'ledger');
    writeFileSync(ledger, ledgerLines(clients, await this.rows()).join('\n') + '\n');
    return this.falcon('audit', 'verify', ledger);
  }

  /** Runs `falcon`. */
  falcon(...args: string[]): Promise<Said> {
    const env = { PATH: process.env['PATH'], DATA_DIR: this.dataDir, ...this.urls() };
    return run([process.execPath, 'dist/apps/cli/src/main.js', ...args], { cwd: PROJECT_DIR, env });
  }

  /** Kills Falcon's own programs. */
  async kill(): Promise<void> {
    await Promise.all([...this.apis, ...this.workers].map((service) => service.kill()));
  }

  /** Ends everything. */
  async close(): Promise<void> {
    await this.kill();
    this.killEmbeddedPostgres('all');
    await Promise.all([this.redis?.stop(), this.postgres?.remove()]);
  }

  private urls(): NodeJS.ProcessEnv {
    return {
      ...(this.redis && { REDIS_QUEUE_URL: this.redis.url }),
      ...(this.postgres && { POSTGRES_URL: this.postgres.url() }),
    };
  }

  /** Records that are not known to be in the table; undefined while a server does not say, or a dead one's spool is left. */
  private async recordsOnSpools(): Promise<number | undefined> {
    const running = this.apis.filter((api) => api.isRunning());
    if (this.spools().length > running.length) {
      return undefined;
    }
    const left = await Promise.all(running.map((api) => api.metric('audit_spool_records')));
    return left.includes(undefined) ? undefined : left.reduce((sum: number, records) => sum + (records ?? 0), 0);
  }
}
