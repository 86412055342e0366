import { Worker } from 'bullmq';
import { recordingLog } from '../../test-support/recording-log.js';
import { TestWorker } from '../../test-support/test-worker.js';
import { describeWithRedis, TestRedis } from '../../../../scripts/test-support/redis.js';
import { TcpProxy } from '../../../../scripts/test-support/tcp-proxy.js';
import { eventually, until } from '../../../../scripts/test-support/until.js';
import { AUDIT_QUEUE, type AuditJob } from './audit-job.js';
import { AuditQueue } from './audit-queue.js';
import { QueueUnavailableError } from './audit-queue.errors.js';
import { installQueueBackend } from './queue-backend.js';
import type { QueueServer } from './queue-server.js';
import { WorkerConnection } from './worker-connection.js';

const JOB: AuditJob = { format: 2, records: 1, rows: '{"id":1}' };
const PATIENCE = { timeoutMs: 90_000 }; // a silent connection is given up after 15 s

jest.setTimeout(120_000);

describeWithRedis('producer and worker, when another Redis takes over behind their address,', () => {
  let [old, next]: TestRedis[] = [];
  let proxy: TcpProxy;
  let queue: AuditQueue;
  let worker: TestWorker;

  beforeEach(async () => {
    [old, next] = [await TestRedis.start(), await TestRedis.start()];
    proxy = await TcpProxy.start(old.port);
    const server: QueueServer = { kind: 'redis', url: `redis://127.0.0.1:${proxy.port}` };
    queue = new AuditQueue(server, 1000, recordingLog());
    worker = new TestWorker(server);
    worker.start();
    await eventually(() => queue.add('spool-1-0-0', JOB));
    await until(() => worker.records === 1);
    proxy.targetPort = next.port;
  });

  afterEach(async () => {
    old?.resume();
    await worker.stop();
    await queue.close();
    await proxy.stop();
    await old?.stop();
    await next?.stop();
  });

  it.each([
    ['has become its replica', () => old?.command('REPLICAOF', '127.0.0.1', String(next?.port))],
    ['is silent', () => old?.freeze()],
  ])('go on with that one when the old one %s', async (_, happens) => {
    await happens();
    await eventually(() => queue.add('spool-1-0-1', JOB), PATIENCE);
    expect(await next?.command('EXISTS', 'bull:falcon-audit:spool-1-0-1')).toBe(1);
    await eventually(() => expect(worker.records).toBe(2), PATIENCE);
  });
});

describeWithRedis('a Redis that stays a replica', () => {
  const READ_ONLY = expect.stringMatching(/^WARNING Redis unavailable: .* it is a read-only replica/) as string;
  let redis: TestRedis;
  let server: QueueServer;

  beforeEach(async () => {
    redis = await TestRedis.start();
    server = { kind: 'redis', url: redis.url };
  });

  afterEach(() => redis.stop());

  const becomeReplica = () => redis.command('REPLICAOF', '127.0.0.1', '9'); // of a primary that is never there
  const becomePrimary = () => redis.command('REPLICAOF', 'NO', 'ONE');

  it('is told once by a worker, which counts it as away for as long as that lasts', async () => {
    installQueueBackend();
    const log = recordingLog();
    const connection = new WorkerConnection(server, 1, log);
    const { availability } = connection;
    const worker = new Worker(AUDIT_QUEUE, async () => undefined, {
      connection: connection.connection,
      stalledInterval: 1000,
    });
    const known: (boolean | undefined)[] = [];
    worker.on('error', ({ message }) => message.startsWith('READONLY') && known.push(availability.known));
    await until(() => availability.known === true);
    await becomeReplica();
    await until(() => known.length >= 80, PATIENCE); // while it looks for another a second time
    expect(new Set(known)).toEqual(new Set([false]));
    expect(log.lines).toEqual([READ_ONLY]);
    await becomePrimary();
    await until(() => availability.known === true, PATIENCE);
    expect(log.lines).toEqual([READ_ONLY, 'INFO Redis available']);
    await worker.close();
    await connection.close();
  });

  it('is told once by a producer, with the reason', async () => {
    const log = recordingLog();
    const queue = new AuditQueue(server, 10_000, log);
    await queue.add('spool-1-0-0', JOB);
    await becomeReplica();
    for (let attempt = 0; attempt < 10; attempt++)
      await expect(queue.add('spool-1-0-1', JOB)).rejects.toThrow(QueueUnavailableError);
    await until(() => queue.availability.answers);
    expect(queue.availability.isUp).toBe(false);
    expect(log.lines).toEqual([READ_ONLY]);
    await becomePrimary();
    await eventually(() => queue.add('spool-1-0-1', JOB), PATIENCE);
    expect(log.lines).toEqual([READ_ONLY, 'INFO Redis available']);
    await queue.close();
  });
});
