import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'bullmq';
import { lockTable, queryOnce } from '../../test-support/postgres-access.js';
import { startPostgres } from '../../test-support/postgres.js';
import { recordingLog, type RecordingLog } from '../../test-support/recording-log.js';
import { TestWorker } from '../../test-support/test-worker.js';
import { describeWithRedis, TestRedis } from '../../../../scripts/test-support/redis.js';
import { eventually, until } from '../../../../scripts/test-support/until.js';
import { clientConfig } from '../database/postgres-connection.js';
import { AUDIT_QUEUE, type AuditJob, MAINTENANCE_JOB } from './audit-job.js';
import { AuditQueue } from './audit-queue.js';
import { QueueUnavailableError } from './audit-queue.errors.js';
import type { QueueServer } from './queue-server.js';
import { WorkerConnection } from './worker-connection.js';

const JOB: AuditJob = { format: 2, records: 2, rows: '{"text":"\\u0000 a \\"b\\""}\n{"text":"ž 😀"}' };
const TIMEOUT_MS = 10_000; // a busy machine must not decide

interface Running {
  server: QueueServer;
  stop(): Promise<void>;
}

/** What holds for the queue wherever it is kept. */
function queueContract(start: () => Promise<Running>): void {
  let running: Running;
  let queue: AuditQueue;
  let number = 0;
  const newId = () => `spool-1-${number++}-x`;

  beforeAll(async () => {
    running = await start();
    queue = new AuditQueue(running.server, TIMEOUT_MS, recordingLog());
  });

  afterAll(async () => {
    await queue.close();
    await running.stop();
  });

  /** Has a worker do `work` with the next job of the queue. */
  async function workOn(work: (job: AuditJob) => Promise<void>): Promise<void> {
    const connection = new WorkerConnection(running.server, 1, recordingLog());
    const done = Promise.withResolvers<void>();
    const worker = new Worker<AuditJob>(AUDIT_QUEUE, async ({ data }) => work(data), {
      connection: connection.connection,
    });
    worker.on('completed', () => done.resolve());
    worker.on('error', () => undefined);
    await done.promise;
    await worker.close();
    await connection.close();
  }

  it('knows nothing of a job that was never put on it', async () => {
    expect(await queue.progressOf(['spool-1-0-y'])).toEqual(['lost']);
  });

  it('hands a job to a worker as it was, and says when it is completed', async () => {
    const id = newId();
    await queue.add(id, JOB);
    expect(await queue.progressOf([id, 'spool-1-0-y'])).toEqual(['known', 'lost']);
    const received: AuditJob[] = [];
    await workOn(async (job) => void received.push(job));
    expect(received).toEqual([JOB]);
    expect(await queue.progressOf([id])).toEqual(['completed']);
  });

  it('keeps a job once that is put on it twice, completed or not', async () => {
    const id = newId();
    await queue.add(id, JOB);
    await queue.add(id, JOB);
    expect((await queue.counts()).waiting).toBe(1);
    await workOn(async () => undefined);
    await queue.add(id, JOB);
    expect(await queue.progressOf([id])).toEqual(['completed']);
    expect((await queue.counts()).waiting).toBe(0);
  });

  it('forgets a job that is removed', async () => {
    const id = newId();
    await queue.add(id, JOB);
    await queue.remove([id]);
    expect(await queue.progressOf([id])).toEqual(['lost']);
  });

  it('keeps one schedule of the maintenance, however often it is asked for', async () => {
    expect(await queue.scheduleMaintenance(3_600_000)).toBe(true);
    expect(await queue.scheduleMaintenance(3_600_000)).toBe(false);
    const bull = await queue.bull();
    expect(await bull.getJobSchedulersCount()).toBe(1);
    await bull.removeJobScheduler('maintenance');
  });

  it('has the maintenance done at once when a clock that was ahead has put it far off', async () => {
    const bull = await queue.bull();
    const next = async () => ((await bull.getJobScheduler(MAINTENANCE_JOB))?.next ?? 0) - Date.now();
    const worker = new TestWorker(running.server);
    const now = Date.now();
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => now + 30 * 86_400_000);
    await queue.scheduleMaintenance(3_600_000);
    worker.start();
    await until(async () => (await next()) > 0);
    await worker.stop();
    clock.mockRestore();
    expect(await next()).toBeGreaterThan(86_400_000);
    expect(await queue.scheduleMaintenance(3_600_000)).toBe(true);
    expect(await next()).toBeLessThanOrEqual(3_600_000);
    expect(await queue.scheduleMaintenance(3_600_000)).toBe(false);
    await bull.removeJobScheduler(MAINTENANCE_JOB);
  });

  it('still knows of all that is completed when the maintenance is', async () => {
    const ids = Array.from({ length: 8 }, newId);
    for (const id of ids) await queue.add(id, JOB);
    const worker = new TestWorker(running.server);
    worker.start();
    const allCompleted = ids.map(() => 'completed');
    await eventually(async () => expect(await queue.progressOf(ids)).toEqual(allCompleted));
    const bull = await queue.bull();
    const maintained = async () => (await bull.getCompleted()).filter(({ name }) => name === MAINTENANCE_JOB).length;
    const before = await maintained();
    await queue.scheduleMaintenance(3_600_000);
    await until(async () => (await maintained()) > before);
    expect(await queue.progressOf(ids)).toEqual(allCompleted);
    await bull.removeJobScheduler(MAINTENANCE_JOB);
    await worker.stop();
  });
}

describeWithRedis('a queue on Redis', () => {
  queueContract(async () => {
    const redis = await TestRedis.start();
    return { server: { kind: 'redis', url: redis.url }, stop: () => redis.stop() };
  });
});

describe('a queue on Postgres', () => {
  queueContract(async () => {
    const postgres = await startPostgres();
    return { server: { kind: 'postgres', connection: postgres.connection }, stop: () => postgres.stop() };
  });
});

describeWithRedis('a producer whose Redis fails', () => {
  let redis: TestRedis;
  let queue: AuditQueue;
  let log: RecordingLog;

  beforeEach(async () => {
    redis = await TestRedis.prepare();
    log = recordingLog();
    queue = new AuditQueue({ kind: 'redis', url: redis.url }, 300, log);
  });

  afterEach(async () => {
    await queue.close();
    await redis.stop();
  });

  async function isRefusedSoon(): Promise<void> {
    const startMs = performance.now();
    await expect(queue.add('spool-1-0-0', JOB)).rejects.toBeInstanceOf(QueueUnavailableError);
    expect(performance.now() - startMs).toBeLessThan(5000); // by itself a frozen server does not answer at all
  }

  const isTakenAgain = () => eventually(() => queue.add('spool-1-0-0', JOB));

  it('is refused at once while it is not there yet, and goes on when it is', async () => {
    await isRefusedSoon();
    await isRefusedSoon();
    await sleep(300); // it has tried to connect again meanwhile
    expect(queue.availability.reason).toMatch(/nothing listens there/);
    await redis.startAgain();
    await isTakenAgain();
    expect(log.lines.slice(0, 2)).toEqual([
      expect.stringMatching(/^WARNING Redis unavailable: ./),
      'INFO Redis available',
    ]);
    expect(queue.availability).toMatchObject({ isUp: true, reason: undefined });
  });

  it('is refused at once when it was killed, and goes on when it is back', async () => {
    await redis.startAgain();
    await isTakenAgain();
    await redis.kill();
    await isRefusedSoon();
    expect(queue.availability).toMatchObject({ isUp: false, reason: expect.any(String) });
    await redis.startAgain();
    await isTakenAgain();
    expect(log.lines.slice(-2)).toEqual([expect.stringContaining('Redis unavailable: '), 'INFO Redis available']);
  });

  it('is refused within the timeout while it is frozen, and goes on when it is not', async () => {
    await redis.startAgain();
    await isTakenAgain();
    redis.freeze();
    await isRefusedSoon();
    redis.resume();
    await isTakenAgain();
    expect(queue.availability.isUp).toBe(true);
  });

  it('is refused while its memory is full', async () => {
    await redis.startAgain();
    await isTakenAgain();
    await redis.command('CONFIG', 'SET', 'maxmemory', '1');
    await eventually(() => expect(queue.add('spool-1-0-1', JOB)).rejects.toThrow(/its memory is full/));
    expect(await queue.progressOf(['spool-1-0-0'])).toEqual(['known']);
    await queue.check();
    expect(queue.availability).toMatchObject({ isUp: false, answers: true });
    expect(queue.availability.reason).toMatch(/its memory is full/);
    await redis.command('CONFIG', 'SET', 'maxmemory', '0');
    await isTakenAgain();
    expect(queue.availability).toMatchObject({ isUp: true, reason: undefined });
    expect(log.lines.slice(-2)).toEqual([expect.stringContaining('memory is full'), 'INFO Redis available']);
  });

  it('still takes a few jobs at a time when others have filled it', async () => {
    await redis.startAgain();
    await redis.command('CONFIG', 'SET', 'maxmemory', '40000000');
    await redis.command('SETRANGE', 'cache', '30000000', 'x');
    const ids = Array.from({ length: 5 }, (_, number) => `spool-1-${number}-0`);
    for (const id of ids.slice(0, 4)) await eventually(() => queue.add(id, JOB));
    const fifth = () => queue.add(ids[4] as string, JOB);
    await eventually(() =>
      expect(fifth()).rejects.toThrow(
        /its memory is full: 3\d\.\d of 40\.0 MB are used, and jobs may fill 80 %: raise its maxmemory, or .* REDIS_QUEUE_URL/,
      ),
    );
    expect(queue.availability.isUp).toBe(false);
    const worker = new TestWorker({ kind: 'redis', url: redis.url });
    worker.start();
    await eventually(fifth);
    await eventually(async () => expect((await queue.counts()).completed).toBe(5));
    expect(queue.availability.isUp).toBe(true);
    await worker.stop();
  });

  it('removes what nobody has asked for any more from a Redis whose memory is full', async () => {
    await redis.startAgain();
    await isTakenAgain();
    const worker = new TestWorker({ kind: 'redis', url: redis.url });
    worker.start();
    await eventually(async () => expect((await queue.counts()).completed).toBe(1));
    await redis.command('CONFIG', 'SET', 'maxmemory', '1');
    const refused = () => expect(queue.add('spool-1-0-1', JOB)).rejects.toThrow(/its memory is full/);
    await eventually(refused);
    await eventually(async () => expect((await queue.counts()).completed).toBe(1));
    const now = Date.now();
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => now + 3_600_000);
    await eventually(refused);
    clock.mockRestore();
    await eventually(async () => expect((await queue.counts()).completed).toBe(0));
    await worker.stop();
  });

  it('is refused with the reason, and without the password, when that is wrong', async () => {
    await redis.startAgain();
    await redis.command('CONFIG', 'SET', 'requirepass', 'right');
    const url = redis.url.replace('redis://', 'redis://:wrong-secret@');
    const strangersLog = recordingLog();
    const stranger = new AuditQueue({ kind: 'redis', url }, TIMEOUT_MS, strangersLog);
    await expect(stranger.add('spool-1-0-0', JOB)).rejects.toThrow(/password is wrong|wants a password/);
    expect(strangersLog.lines).toEqual([
      expect.stringMatching(
        /^WARNING Redis unavailable: Redis at .* (password is wrong|wants a password): correct REDIS_/,
      ),
    ]);
    expect(strangersLog.lines.join()).not.toContain('secret');
    await stranger.close();
  });

  it('is closed while it is away', async () => {
    await isRefusedSoon();
    await queue.close();
    await expect(queue.add('spool-1-0-0', JOB)).rejects.toBeInstanceOf(QueueUnavailableError);
  });
});

describeWithRedis('a Redis that is not fit for a queue', () => {
  let redis: TestRedis;
  let queue: AuditQueue;
  let log: RecordingLog;

  async function open(settings: readonly string[], user = '') {
    redis = await TestRedis.start({ settings });
    if (user) await redis.command('ACL', 'SETUSER', user, 'on', '>pass', '~*', '&*', '+@all', '-info');
    log = recordingLog();
    const url = user ? redis.url.replace('//', `//${user}:pass@`) : redis.url;
    queue = new AuditQueue({ kind: 'redis', url }, TIMEOUT_MS, log);
  }

  afterEach(async () => {
    await queue.close();
    await redis.stop();
  });

  it('is given no job while it may evict, with what to do, and is as soon as that is put right', async () => {
    await open(['--maxmemory-policy', 'allkeys-lru']);
    await expect(queue.add('spool-1-0-0', JOB)).rejects.toThrow(/may evict jobs \(maxmemory-policy allkeys-lru\)/);
    for (let times = 0; times < 10; times++) await queue.check();
    expect(log.lines).toEqual([
      expect.stringMatching(
        /^WARNING Redis unavailable: Redis at .*: run "CONFIG SET maxmemory-policy noeviction" there/,
      ),
    ]);
    expect(queue.availability.fault?.publicReason).toMatch(/^it may evict jobs/);
    expect(await redis.command('DBSIZE')).toBe(0);
    await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    await queue.add('spool-1-0-0', JOB);
    expect(queue.availability).toMatchObject({ isUp: true, fault: undefined });
  });

  it('is found out although it was fit when it was connected, and although CONFIG is forbidden', async () => {
    await open(['--rename-command', 'CONFIG', 'SETTINGS']);
    await queue.add('spool-1-0-0', JOB);
    await redis.command('SETTINGS', 'SET', 'maxmemory-policy', 'volatile-ttl');
    await queue.check();
    await expect(queue.add('spool-1-0-1', JOB)).rejects.toThrow(/maxmemory-policy volatile-ttl/);
  });

  it('is trusted when it does not tell, and that is said', async () => {
    await open(['--maxmemory-policy', 'allkeys-lru'], 'worker');
    await queue.add('spool-1-0-0', JOB);
    await queue.check();
    expect(log.lines).toEqual([
      expect.stringMatching(/^WARNING .*does not say whether it may evict \(NOPERM .*maxmemory-policy is noeviction$/),
    ]);
  });
});

describe('a producer whose Postgres fails', () => {
  it('is not available while Postgres takes connections and answers no statement', async () => {
    const log = recordingLog();
    const postgres = await startPostgres();
    const queue = new AuditQueue({ kind: 'postgres', connection: postgres.connection }, 300, log);
    await eventually(() => queue.add('spool-1-0-0', JOB));
    const before = log.lines.length;
    const lock = await lockTable(clientConfig(postgres.connection), 'bullmq.job');
    for (let attempt = 0; attempt < 3; attempt++) {
      await expect(queue.add('spool-1-0-1', JOB)).rejects.toBeInstanceOf(QueueUnavailableError);
    }
    expect(log.lines.slice(before)).toEqual([expect.stringMatching(/^WARNING Queue unavailable: ./)]);
    await lock[Symbol.asyncDispose]();
    await eventually(() => queue.add('spool-1-0-1', JOB));
    expect(log.lines.at(-1)).toBe('INFO Queue available');
    await queue.close();
    await postgres.stop();
  });

  it('makes its schema again when that is gone', async () => {
    const postgres = await startPostgres();
    const server: QueueServer = { kind: 'postgres', connection: postgres.connection };
    const queue = new AuditQueue(server, TIMEOUT_MS, recordingLog());
    await queue.add('spool-1-0-0', JOB);
    await queryOnce(clientConfig(postgres.connection), 'DROP SCHEMA bullmq CASCADE');
    await expect(queue.add('spool-1-0-1', JOB)).rejects.toBeInstanceOf(QueueUnavailableError);
    await queue.add('spool-1-0-1', JOB);
    expect(await queue.progressOf(['spool-1-0-0', 'spool-1-0-1'])).toEqual(['lost', 'known']);
    await queue.close();
    await postgres.stop();
  });

  it('is refused while it is away, and goes on when it is back', async () => {
    const log = recordingLog();
    const postgres = await startPostgres();
    let isThere = false;
    const queue = new AuditQueue(
      {
        kind: 'postgres',
        connection: async () =>
          isThere ? postgres.connection : { host: '/nowhere', port: 5432, user: 'a', database: 'b' },
      },
      TIMEOUT_MS,
      log,
    );
    await expect(queue.add('spool-1-0-0', JOB)).rejects.toBeInstanceOf(QueueUnavailableError);
    expect(log.lines).toEqual([expect.stringMatching(/^WARNING Queue unavailable: ./)]);
    isThere = true;
    await queue.add('spool-1-0-0', JOB);
    expect(log.lines.at(-1)).toBe('INFO Queue available');
    await postgres.stop();
    await expect(queue.progressOf(['spool-1-0-0'])).rejects.toBeInstanceOf(QueueUnavailableError);
    expect(log.lines.at(-1)).toMatch(/^WARNING Queue unavailable: ./);
    await queue.close();
  });
});
