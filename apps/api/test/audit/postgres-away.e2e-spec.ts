import { setTimeout as sleep } from 'node:timers/promises';
import { describeWithRedis } from '../../../../scripts/test-support/redis.js';
import { AuditStack } from '../support/audit-stack.js';
import { LedgerClient } from '../support/ledger-client.js';
import { NO_DIFFERENCES } from '../support/ledger-check.js';

/** How long Postgres is away; `make chaos` makes it five minutes. */
const OUTAGE_MS = Number(process.env['CHAOS_OUTAGE_SECONDS'] ?? 5) * 1000;
/** The one that a worker's start leaves, and that of the next hour. */
const MAINTENANCE_JOBS = 2;

jest.setTimeout(120_000 + OUTAGE_MS);

afterEach(() => stack.close());
let stack: AuditStack;

async function loadThroughOutage(beforeItsEnd = async () => {}): Promise<LedgerClient> {
  const [api] = stack.apis;
  const client = new LedgerClient({ ports: [api!.port] }).start();
  await sleep(OUTAGE_MS);
  expect(client.answered.size).toBeGreaterThan(OUTAGE_MS / 50);
  await beforeItsEnd();
  await stack.postgres!.start();
  await client.waitForAnswers(100);
  await client.stop();
  expect(client.statuses()).toEqual({ 200: client.answered.size });
  return client;
}

describe('Postgres', () => {
  it('may be away while the queue is kept in it, too: the records wait on the spool', async () => {
    stack = await AuditStack.open({ postgres: 'later' });
    const api = await (await stack.api('api')).start();
    const client = await loadThroughOutage();
    expect(await stack.settle([client])).toEqual(NO_DIFFERENCES);
    expect(client.p95Ms).toBeLessThan(1000);
    await api.waitForLog(/^Database unavailable: .*nothing listens there/);
    await api.waitForLog(/^Database available/);
    await api.waitForLog(/^Flushed \d+ logs$/);
  });
});

describeWithRedis('Postgres with the queue on Redis', () => {
  it('may be away: the records wait on the spool and in the queue, which stays small', async () => {
    stack = await AuditStack.open({ redis: 'now', postgres: 'later' });
    const api = await stack.api('api');
    const worker = await stack.worker('writer');
    await Promise.all([api.start(), worker.start()]);
    const client = await loadThroughOutage(async () => {
      const jobs = await worker.metric('audit_queue_jobs');
      expect(jobs).toBeGreaterThan(0);
      expect(jobs).toBeLessThanOrEqual(64 + MAINTENANCE_JOBS);
    });
    expect(await stack.settle([client])).toEqual(NO_DIFFERENCES);
    expect(client.p95Ms).toBeLessThan(1000);
    await worker.waitForLog(/^Database unavailable: .*nothing listens there/);
    await worker.waitForLog(/^Database available/);
  });
});
