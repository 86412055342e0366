import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { JobFeed } from '../../../libs/audit-log/test-support/job-feed.js';
import {
  embeddedConnection,
  embeddedProcesses,
  lockTable,
  queryOnce,
} from '../../../libs/audit-log/test-support/postgres-access.js';
import { plantCluster } from '../../../libs/audit-log/test-support/planted-cluster.js';
import { signalAll } from '../../../scripts/test-support/process-tree.js';
import { makeDataDir } from '../../../libs/audit-log/test-support/data-dir.js';
import { PROJECT_DIR } from '../../../scripts/test-support/program.js';
import { describeWithRedis, TestRedis } from '../../../scripts/test-support/redis.js';
import { eventually } from '../../../scripts/test-support/until.js';
import { startTcpPostgres, type TcpPostgres } from '../../../libs/audit-log/test-support/tcp-postgres.js';
import { waitForWorkers, WorkerProcess } from './support/worker-process.js';

jest.setTimeout(90_000);

const COUNT_ROWS = 'SELECT count(*)::int AS n FROM inference_logs WHERE request_id = ANY($1)';

function ids(number: number): string[] {
  return Array.from({ length: number }, () => randomUUID());
}

/** Those of the server's table that the worker has, too, and its own; `x_*` are all that begin so. */
function documentedMetrics(): string[] {
  const page = readFileSync(join(PROJECT_DIR, 'docs/metrics.md'), 'utf8');
  const table = [...page.matchAll(/^\| `(\w+)`/gm)].map(([, name = '']) => name);
  const [, has = '', lacks = '', own = ''] =
    /\(`apps\/audit-worker`\) exports([^]*?), without([^]*?); [^]*? one more: (`\w+`)/.exec(page) ?? [];
  const namesIn = (list: string) => [...list.matchAll(/`(\w+\*?)`/g)].map(([, name = '']) => name);
  const isIn = (list: string, name: string) =>
    namesIn(list).some((each) => (each.endsWith('*') ? name.startsWith(each.slice(0, -1)) : name === each));
  return [...table.filter((name) => isIn(has, name) && !isIn(lacks, name)), ...namesIn(own)].toSorted();
}

describeWithRedis('the audit worker with a Redis and a Postgres of the operator', () => {
  let redis: TestRedis;
  let postgres: TcpPostgres;
  let env: NodeJS.ProcessEnv;
  let feed: JobFeed;
  let dataDir: string;

  beforeAll(async () => {
    [redis, postgres] = await Promise.all([TestRedis.start({ appendOnly: true }), startTcpPostgres()]);
    dataDir = makeDataDir();
    env = { REDIS_URL: redis.url, POSTGRES_URL: postgres.url(), DATA_DIR: dataDir };
    feed = new JobFeed({ kind: 'redis', url: redis.url });
  });

  afterEach(async () => {
    redis.resume();
    await Promise.all([redis.startAgain(), postgres.start()]);
  });
  afterAll(async () => {
    await feed?.close(); // what failed to start has to be ended no more
    await redis?.stop();
    await postgres?.remove();
  });

  async function rowsOf(requestIds: readonly string[]): Promise<number> {
    const connection = { connectionString: postgres.url() };
    return (await queryOnce<{ n: number }>(connection, COUNT_ROWS, [requestIds]))[0]?.n ?? 0;
  }

  async function putAll(requestIds: readonly string[], records: number): Promise<void> {
    for (const id of requestIds) await feed.put(id, records);
  }

  it('makes rows of jobs, counts them, and ends with 0 on SIGTERM', async () => {
    const worker = await WorkerProcess.start(env);
    const requestIds = ids(5);
    await putAll(requestIds, 200);
    await waitForWorkers(async () => (await feed.completed(requestIds)) === 5);
    expect(await rowsOf(requestIds)).toBe(1000);
    const { text } = await worker.get('/metrics');
    expect(text).toMatch(/^audit_rows_written_total\{[^}]*\} 1000$/m);
    expect(text).toMatch(/^audit_queue_jobs\{state="waiting",[^}]*\} 0$/m);
    expect(text).toMatch(/^db_connection_pool_size\{/m);
    expect(await worker.stop()).toBe(0);
    expect(worker.logs().at(-1)).toMatchObject({ level: 'INFO', message: 'Stopped' });
    const steps = worker.logs().filter(({ message }) => message === 'Drain step done');
    expect(steps.map(({ step }) => step)).toEqual(['jobs', 'database']);
    expect(worker.stderr).toBe('');
  });

  it('exports the metrics that docs/metrics.md says, and no others', async () => {
    const worker = await WorkerProcess.start(env);
    const types = (await worker.get('/metrics')).text.matchAll(/^# TYPE (?!nodejs_|process_)(\w+) /gm);
    expect([...types].map(([, name = '']) => name).toSorted()).toEqual(documentedMetrics());
    expect(await worker.stop()).toBe(0);
  });

  it('starts without its services, says so, and works when they are there', async () => {
    await redis.kill();
    await postgres.kill();
    const worker = await WorkerProcess.start(env);
    expect(await worker.get('/healthz')).toMatchObject({ status: 200, text: expect.stringContaining('"healthy"') });
    const { status, text } = await worker.get('/readyz');
    expect({ status, ...(JSON.parse(text) as object) }).toMatchObject({
      status: 503,
      ready: false,
      checks: { queue_available: false, database_available: false },
    });
    await waitForWorkers(() => worker.logs().some(({ message }) => message.startsWith('Redis unavailable: ')));
    await waitForWorkers(() => worker.logs().some(({ message }) => message.startsWith('Database unavailable: ')));
    await redis.startAgain();
    await postgres.start();
    await waitForWorkers(() => worker.isReady());
    const requestIds = ids(2);
    await eventually(() => putAll(requestIds, 10));
    await waitForWorkers(async () => (await feed.completed(requestIds)) === 2);
    expect(await rowsOf(requestIds)).toBe(20);
    expect(await worker.stop()).toBe(0);
  });

  it('ends on SIGTERM while its services are away, with 0', async () => {
    const worker = await WorkerProcess.start({ ...env, GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS: '3' });
    await waitForWorkers(() => worker.isReady());
    await redis.kill();
    await postgres.kill();
    const startMs = performance.now();
    expect(await worker.stop()).toBe(0);
    expect(performance.now() - startMs).toBeLessThan(15_000);
  });

  it('takes over within seconds what a killed worker had in its hands, and writes it once', async () => {
    const first = await WorkerProcess.start(env);
    await waitForWorkers(() => first.isReady());
    await postgres.kill(); // so that the jobs stay in the worker's hands
    const requestIds = ids(4);
    await eventually(() => putAll(requestIds, 50));
    await waitForWorkers(async () => (await feed.active()) >= 4);
    const second = await WorkerProcess.start(env);
    await first.kill();
    await postgres.start();
    await waitForWorkers(async () => (await feed.completed(requestIds)) === 4);
    expect(await rowsOf(requestIds)).toBe(200);
    expect(await second.stop()).toBe(0);
  });

  it('gives back on SIGTERM what it has in its hands while Postgres is away', async () => {
    const first = await WorkerProcess.start(env);
    await waitForWorkers(() => first.isReady());
    await waitForWorkers(async () => (await feed.active()) === 0); // it has looked after the table
    await postgres.kill();
    const requestIds = ids(2);
    await putAll(requestIds, 50);
    await waitForWorkers(async () => (await feed.active()) >= 2);
    expect(await first.stop()).toBe(0);
    expect(await feed.active()).toBe(0);
    await postgres.start();
    const second = await WorkerProcess.start(env);
    await waitForWorkers(async () => (await feed.completed(requestIds)) === 2);
    expect(await second.stop()).toBe(0);
  });

  it.each(['kill', 'freeze'] as const)('goes on after a %s of Redis in the middle of the work', async (fault) => {
    const worker = await WorkerProcess.start(env);
    const requestIds = ids(40);
    await putAll(requestIds.slice(0, 20), 100);
    if (fault === 'kill') {
      await redis.kill();
      await redis.startAgain();
    } else {
      redis.freeze();
      setTimeout(() => redis.resume(), 3000);
    }
    for (const id of requestIds.slice(20)) await eventually(() => feed.put(id, 100));
    await waitForWorkers(async () => (await feed.completed(requestIds).catch(() => 0)) === 40);
    expect(await rowsOf(requestIds)).toBe(4000);
    expect(worker.process.exitCode).toBeNull();
    await worker.kill();
  });
});

describe('the audit worker with the embedded Postgres alone', () => {
  it('makes rows of jobs that another process of the data folder puts on the queue', async () => {
    const dataDir = makeDataDir();
    await plantCluster(dataDir);
    const worker = await WorkerProcess.start({ DATA_DIR: dataDir });
    await waitForWorkers(() => worker.isReady());
    const feed = new JobFeed({ kind: 'postgres', connection: embeddedConnection(dataDir) });
    const requestIds = ids(3);
    for (const id of requestIds) await feed.put(id, 100);
    await waitForWorkers(async () => (await feed.completed(requestIds)) === 3);
    const rows = await queryOnce<{ n: number }>(embeddedConnection(dataDir), COUNT_ROWS, [requestIds]);
    expect(rows).toEqual([{ n: 300 }]);
    await feed.close();
    expect(await worker.stop()).toBe(0);
  });
});

describe('the stop of an audit worker with the embedded Postgres alone', () => {
  let dataDir: string;

  beforeEach(async () => {
    dataDir = makeDataDir();
    await plantCluster(dataDir);
  });
  afterEach(() => signalAll(embeddedProcesses(dataDir), 'SIGKILL')); // of a worker that has failed to

  async function start(env: NodeJS.ProcessEnv = {}): Promise<WorkerProcess> {
    const worker = await WorkerProcess.start({ DATA_DIR: dataDir, ...env });
    await waitForWorkers(() => worker.isReady());
    return worker;
  }

  it.each(['', 'GET /healthz HTTP/1.1\r\n'])('waits for no connection on which %j was sent', async (sent) => {
    const worker = await start();
    const { hostname, port } = new URL(worker.url);
    const client = connect(Number(port), hostname);
    client.on('error', () => undefined); // it is cut
    await once(client, 'connect');
    client.write(sent);
    await worker.get('/healthz'); // the one before has been taken in
    expect(await worker.stop()).toBe(0);
    client.destroy();
    expect(worker.logs().filter(({ message }) => message.startsWith('Stopped'))).toMatchObject([{ level: 'INFO' }]);
    expect(embeddedProcesses(dataDir)).toEqual([]);
  });

  it('leaves no Postgres behind although the queue holds up the jobs', async () => {
    const worker = await start({ GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS: '8', REDIS_OPERATION_TIMEOUT_SECONDS: '0.5' });
    await using _lock = await lockTable(embeddedConnection(dataDir), 'bullmq.job');
    expect(await worker.stop()).toBe(0);
    expect(worker.logged('Stopped late: a job in hand is found by the next worker')).toBe(true);
    expect(embeddedProcesses(dataDir)).toEqual([]);
  });
});

describe('the configuration of the audit worker', () => {
  it('stops the start with 78 and a line per fault when it is wrong', async () => {
    const worker = WorkerProcess.launch({ AUDIT_WORKER_CONCURRENCY: 'many', PORT: '99999' });
    expect(await worker.exitCode()).toBe(78);
    expect(worker.stderr.split('\n')).toEqual([
      'The configuration is invalid:',
      '  PORT="99999" must be a whole number from 0 to 65535.',
      '  AUDIT_WORKER_CONCURRENCY="many" must be a whole number from 1 to 64.',
      'See docs/configuration.md.',
      '',
    ]);
    expect(worker.stdout).toBe('');
  });
});
