import { describeWithRedis, TestRedis } from '../../../scripts/test-support/redis.js';
import { temporaryFolder } from '../../../scripts/test-support/temporary-folder.js';
import { until } from '../../../scripts/test-support/until.js';
import { recordingLog } from '../test-support/recording-log.js';
import { recordingObserver } from '../test-support/recording-observer.js';
import { AuditLog } from './audit-log.js';
import { openPolicies } from './audit-policies.js';
import { AuditDatabase } from './database/audit-database.js';
import { AuditQueue } from './queue/audit-queue.js';
import { RunningPipeline } from './running-pipeline.js';
import { Spool } from './spool/spool.js';

const TIMEOUT_MS = 10_000;
/** More than the 64 that may be under way before the shutdown. */
const JOBS = 70;

describeWithRedis('the pipeline of a process', () => {
  const [log, observer] = [recordingLog(), recordingObserver()];
  let redis: TestRedis;
  let spoolRoot: string;
  let queue: AuditQueue;

  beforeEach(async () => {
    redis = await TestRedis.start();
    spoolRoot = temporaryFolder();
    queue = new AuditQueue({ kind: 'redis', url: redis.url }, TIMEOUT_MS, log);
  });

  afterEach(async () => {
    await queue.close();
    await redis.stop();
  });

  /** What a process that was killed leaves behind. */
  async function leaveSpool(): Promise<void> {
    const bounds = { maxBytes: 2 ** 30, appendTimeoutMs: TIMEOUT_MS };
    const spool = await Spool.open({ root: spoolRoot, name: 'killed', sync: false, ...bounds }, log, observer);
    for (let job = 0; job < JOBS; job++) {
      await Promise.all(Array.from({ length: 1000 }, (_, id) => spool.append(JSON.stringify({ id }))));
    }
    await spool.close();
  }

  /** One that has no worker, and no Postgres. */
  async function startPipeline(): Promise<RunningPipeline> {
    const bounds = { spoolMaxBytes: 2 ** 30, appendTimeoutMs: TIMEOUT_MS };
    const settings = { durability: 'process', whenFull: 'drop', storeText: false, workerId: 'api' } as const;
    const auditLog = new AuditLog({ ...settings, ...bounds, spoolRoot }, log, observer);
    const services = {
      dataDir: spoolRoot,
      postgresUrl: 'postgres://127.0.0.1:9/falcon',
      postgresPoolSize: 1,
      postgresTimeoutMs: TIMEOUT_MS,
      redisQueueUrl: redis.url,
      redisTimeoutMs: TIMEOUT_MS,
    };
    const options = { services, policies: openPolicies(), worker: undefined, spoolRoot };
    const pipeline = new RunningPipeline({ auditLog, options, log, observer });
    await pipeline.start();
    return pipeline;
  }

  it('puts what it has adopted on the queue when it ends, and does not say that it is in the table', async () => {
    await leaveSpool();
    const pipeline = await startPipeline();
    await until(async () => (await queue.counts()).waiting === 64);
    expect(await pipeline.stop(30_000)).toBe(false);
    expect((await queue.counts()).waiting).toBe(JOBS);
  });

  it('leaves time to close what it has opened, however much is left on its spools', async () => {
    await leaveSpool();
    const pipeline = await startPipeline();
    await until(async () => (await queue.counts()).waiting === 64);
    const startMs = performance.now();
    expect(await pipeline.stop(2000)).toBe(false);
    expect(performance.now() - startMs).toBeLessThan(2000);
  });

  it('ships what is left although it has asked a Postgres that does not answer', async () => {
    const asking = jest.spyOn(AuditDatabase.prototype, 'check').mockReturnValue(new Promise(() => undefined));
    const pipeline = await startPipeline();
    await until(() => asking.mock.calls.length > 0);
    await leaveSpool();
    await until(async () => (await queue.counts()).waiting === 64);
    await pipeline.stop(30_000);
    expect((await queue.counts()).waiting).toBe(JOBS);
    asking.mockRestore();
  });
});
