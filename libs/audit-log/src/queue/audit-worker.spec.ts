import { randomUUID } from 'node:crypto';
import { type INestApplicationContext, Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Worker } from 'bullmq';
import { jobOf, recordLine } from '../../test-support/audit-rows.js';
import { connectedDatabase, startPostgres } from '../../test-support/postgres.js';
import { recordingLog, type RecordingLog } from '../../test-support/recording-log.js';
import { recordingObserver, type RecordingObserver } from '../../test-support/recording-observer.js';
import { describeWithRedis, TestRedis } from '../../../../scripts/test-support/redis.js';
import { until } from '../../../../scripts/test-support/until.js';
import { AuditDatabase } from '../database/audit-database.js';
import type { PostgresConnection } from '../database/postgres-connection.js';
import { RecordWriter } from '../database/record-writer.js';
import { AUDIT_QUEUE, type AuditJob } from './audit-job.js';
import { AuditProcessor } from './audit-processor.js';
import { AuditQueue } from './audit-queue.js';
import { AuditWorkerModule } from './audit-worker.module.js';
import type { AuditWorkerParts } from './audit-worker.options.js';
import type { QueueServer } from './queue-server.js';
import { WorkerConnection } from './worker-connection.js';

const NOWHERE = { host: '/nowhere', port: 5432, user: 'a', database: 'b' };

beforeAll(() => Logger.overrideLogger(false));

function recordsOf(requestId: string, records: number): AuditJob {
  return jobOf(
    Array.from({ length: records }, (_, index) => recordLine({ request_id: requestId, batch_index: index })),
  );
}

/** What a worker does wherever the queue is kept; the table is always in Postgres. */
function workerContract(
  serve: (connection: PostgresConnection) => Promise<{ server: QueueServer; stop(): Promise<void> }>,
) {
  let postgres: Awaited<ReturnType<typeof startPostgres>>;
  let running: Awaited<ReturnType<typeof serve>>;
  let database: AuditDatabase;
  let queue: AuditQueue;
  let log: RecordingLog;
  let observer: RecordingObserver;
  let worker: INestApplicationContext | undefined;

  beforeAll(async () => {
    postgres = await startPostgres();
    running = await serve(postgres.connection);
    database = await connectedDatabase(postgres.connection);
    queue = new AuditQueue(running.server, 2000, recordingLog());
  });

  afterAll(async () => {
    await queue.close();
    await database.close();
    await running.stop();
    await postgres.stop();
  });

  beforeEach(() => {
    log = recordingLog();
    observer = recordingObserver();
  });

  afterEach(async () => {
    await worker?.close();
    worker = undefined;
  });

  async function startWorker(parts: Partial<AuditWorkerParts> = {}): Promise<void> {
    worker = await NestFactory.createApplicationContext(
      AuditWorkerModule.forRoot(
        {
          concurrency: 2,
          closeTimeoutMs: 2000,
          writer: new RecordWriter(database, observer),
          maintenance: async () => undefined,
          log,
          observer,
          ...parts,
        },
        { connection: new WorkerConnection(running.server, 2, log), queue },
      ),
    );
  }

  async function rowsOf(requestId: string): Promise<number> {
    const { rows } = await database.run((client) =>
      client.query<{ n: number }>('SELECT count(*)::int AS n FROM inference_logs WHERE request_id = $1', [requestId]),
    );
    return rows[0]?.n ?? 0;
  }

  it('makes the records of a job rows, each once, however often the job comes', async () => {
    const requestId = randomUUID();
    const job = recordsOf(requestId, 1000);
    await startWorker();
    await queue.add(`${requestId}-a`, job);
    await queue.add(`${requestId}-b`, job);
    await until(async () =>
      (await queue.progressOf([`${requestId}-a`, `${requestId}-b`])).every((p) => p === 'completed'),
    );
    expect(await rowsOf(requestId)).toBe(1000);
  });

  it('needs 10 s at most for the jobs of a killed worker: the time of a lock, and two looks for locks that have ended', async () => {
    await startWorker();
    const { lockDuration = 0, stalledInterval = 0 } = worker!.get(AuditProcessor).worker.opts;
    expect([lockDuration, stalledInterval]).not.toContain(0);
    expect(lockDuration + 2 * stalledInterval).toBeLessThanOrEqual(10_000);
  });

  it('takes over the job of a worker that was killed', async () => {
    const requestId = randomUUID();
    await queue.add(requestId, recordsOf(requestId, 3));
    await takeAndVanish(requestId);
    await startWorker();
    await until(async () => (await rowsOf(requestId)) === 3);
    expect(log.lines).toContain('WARNING An audit job is taken over from a worker that is gone');
  });

  /** Takes a job as a worker does, and is never heard of again: its lock is not renewed. */
  async function takeAndVanish(jobId: string): Promise<void> {
    const connection = new WorkerConnection(running.server, 1, recordingLog());
    const lost = new Worker(AUDIT_QUEUE, null, {
      connection: connection.connection,
      lockDuration: 4000,
      skipLockRenewal: true,
    });
    lost.on('error', () => undefined);
    await until(async () => (await lost.getNextJob('lost', { block: false }))?.id === jobId); // a worker's start left one, too
    await lost.close(true);
    await connection.close();
  }

  it('waits for a database that is away, and fails nothing', async () => {
    const requestId = randomUUID();
    let isThere = false;
    const flaky = new AuditDatabase(
      {
        connection: async () => (isThere ? postgres.connection : NOWHERE),
        poolSize: 2,
        operationTimeoutMs: 1000,
        migrate: false,
      },
      log,
    );
    void flaky.connect();
    await startWorker({ writer: new RecordWriter(flaky, observer) });
    await queue.add(requestId, recordsOf(requestId, 5));
    await until(() => observer.events.filter(([method]) => method === 'onRetry').length >= 3);
    expect(await queue.counts()).toMatchObject({ active: 1, failed: 0 });
    isThere = true;
    await until(async () => (await rowsOf(requestId)) === 5);
    await flaky.close();
  });

  it('gives its jobs back when it stops while the database is away', async () => {
    const requestId = randomUUID();
    const away = new AuditDatabase({ connection: NOWHERE, poolSize: 2, operationTimeoutMs: 1000, migrate: false }, log);
    await startWorker({ writer: new RecordWriter(away, observer), closeTimeoutMs: 20_000 });
    await queue.add(requestId, recordsOf(requestId, 2));
    await until(() => observer.events.some(([method]) => method === 'onRetry'));
    const startMs = performance.now();
    await worker?.close();
    expect(performance.now() - startMs).toBeLessThan(10_000);
    const { waiting, ...others } = await queue.counts();
    expect(waiting).toBeGreaterThanOrEqual(1); // the maintenance of the worker's start may be among them
    expect(others).toMatchObject({ active: 0, failed: 0 });
    await startWorker();
    await until(async () => (await rowsOf(requestId)) === 2);
    await away.close();
  });

  it('tries again what failed in a way that nobody thought of, and says so', async () => {
    const requestId = randomUUID();
    const real = new RecordWriter(database, observer);
    let failures = 2;
    await startWorker({
      writer: { write: (job) => (failures-- > 0 ? Promise.reject(new Error('a surprise')) : real.write(job)) },
    });
    await queue.add(requestId, recordsOf(requestId, 4));
    await until(async () => (await rowsOf(requestId)) === 4);
    const surprise = 'ERROR An audit job failed in an unexpected way, and is tried again';
    expect(log.lines.filter((line) => line === surprise)).toHaveLength(2);
  });

  it('leaves records of a newer format to a newer worker', async () => {
    const requestId = randomUUID();
    await startWorker();
    await queue.add(requestId, { ...recordsOf(requestId, 1), format: 99 });
    await until(() => log.lines.some((line) => line.startsWith('ERROR Records of format 99 wait in the queue')));
    await until(async () => (await queue.counts()).active === 0);
    expect(await queue.progressOf([requestId])).toEqual(['known']);
    expect(await rowsOf(requestId)).toBe(0);
    await queue.remove([requestId]);
  });

  it('writes all other records while more jobs than it has hands wait for a month', async () => {
    await database.run((client) =>
      client.query(`SET timezone = 'UTC';
        CREATE TABLE half PARTITION OF inference_logs FOR VALUES FROM ('2020-01-01') TO ('2020-01-16')`),
    );
    const late = recordLine({ request_id: 'late', created_at: '2020-01-20T00:00:00Z' });
    const blocked = ['late-1', 'late-2', 'late-3'];
    for (const id of blocked) await queue.add(id, jobOf([late]));
    const requestId = randomUUID();
    await queue.add(requestId, recordsOf(requestId, 2));
    await startWorker();
    await until(async () => (await rowsOf(requestId)) === 2);
    await until(async () => (await queue.counts()).delayed >= blocked.length); // the next maintenance may be one, too
    expect(log.lines.filter((line) => line.startsWith('ERROR'))).toEqual([
      expect.stringMatching(
        /"inference_logs_2020_01" would overlap partition "half": finish its DETACH, or make a part/,
      ),
    ]);
    expect(database.state.status).toBe('available');
    await queue.remove(blocked);
  });

  it('has the table looked after when it starts, and every hour from then on', async () => {
    const maintained: Date[] = [];
    await startWorker({ maintenance: async (now) => void maintained.push(now) });
    await until(() => maintained.length > 0);
    expect(Date.now() - (maintained[0]?.getTime() ?? 0)).toBeLessThan(20_000);
    const schedulers = await (await queue.bull()).getJobSchedulers();
    expect(schedulers).toMatchObject([{ every: 3_600_000 }]);
  });
}

describeWithRedis('a worker on Redis', () => {
  workerContract(async () => {
    const redis = await TestRedis.start();
    return { server: { kind: 'redis', url: redis.url }, stop: () => redis.stop() };
  });
});

describe('a worker on Postgres', () => {
  workerContract(async (connection) => ({ server: { kind: 'postgres', connection }, stop: async () => undefined }));
});
