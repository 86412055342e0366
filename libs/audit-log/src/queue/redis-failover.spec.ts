import { recordingLog } from '../../test-support/recording-log.js';
import { TestWorker } from '../../test-support/test-worker.js';
import { describeWithRedis, TestRedis } from '../../../../scripts/test-support/redis.js';
import { TcpProxy } from '../../../../scripts/test-support/tcp-proxy.js';
import { eventually, until } from '../../../../scripts/test-support/until.js';
import type { AuditJob } from './audit-job.js';
import { AuditQueue } from './audit-queue.js';
import type { QueueServer } from './queue-server.js';

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
