import { describeWithRedis } from '../../../../scripts/test-support/redis.js';
import { AuditStack } from '../support/audit-stack.js';
import { LedgerClient } from '../support/ledger-client.js';
import { NO_DIFFERENCES } from '../support/ledger-check.js';
import type { Service } from '../support/service.js';

jest.setTimeout(120_000);

/** Answers take a few milliseconds; whoever waited for Redis would take two seconds, its timeout. */
const PROMPT_MS = 1000;

describeWithRedis('the queue’s Redis', () => {
  let stack: AuditStack;
  let api: Service;
  let worker: Service;

  beforeEach(async () => {
    stack = await AuditStack.open({ redis: 'later', postgres: 'now' });
    api = await stack.api('api');
    worker = await stack.worker('writer');
  });
  afterEach(() => stack.close());

  it('may be down from the start: answers are prompt, and all are in the table once it is there', async () => {
    await Promise.all([api.start(), worker.start()]);
    const client = new LedgerClient({ ports: [api.port] });
    await client.send(400);
    expect(client.statuses()).toEqual({ 200: 400 });
    expect(client.p95Ms).toBeLessThan(PROMPT_MS);
    await api.waitForLog(/Redis unavailable/);
    expect(await api.metric('audit_spool_records')).toBe(400 + 4 * 40); // every tenth is a batch of five
    expect(await stack.rows()).toEqual([]);
    await stack.redis!.startAgain();
    expect(await stack.settle([client])).toEqual(NO_DIFFERENCES);
    await api.waitForLog(/Redis available/);
    await api.waitForLog(/^Flushed \d+ logs$/);
  });

  it.each([
    ['is killed', (redis: AuditStack['redis']) => redis!.kill()],
    ['is frozen', (redis: AuditStack['redis']) => Promise.resolve(redis!.freeze())],
  ])('may go away under load: when it %s, answers stay prompt and nothing is lost', async (_, strike) => {
    await stack.redis!.startAgain();
    await Promise.all([api.start(), worker.start()]);
    const client = new LedgerClient({ ports: [api.port] }).start();
    await client.waitForAnswers(100);
    await strike(stack.redis);
    await client.waitForAnswers(500);
    stack.redis!.resume();
    await stack.redis!.kill();
    await stack.redis!.startAgain();
    await client.waitForAnswers(100);
    await client.stop();
    expect(client.statuses()).toEqual({ 200: client.answered.size });
    expect(client.p95Ms).toBeLessThan(PROMPT_MS);
    expect(await stack.settle([client])).toEqual(NO_DIFFERENCES);
  });

  it('may forget everything: what was on it is sent again', async () => {
    await stack.redis!.startAgain();
    await api.start();
    const client = new LedgerClient({ ports: [api.port] });
    await client.send(200);
    await api.waitForMetric('audit_records_shipped_total', (records) => records > 0);
    await stack.redis!.command('FLUSHALL');
    await worker.start();
    expect(await stack.settle([client])).toEqual(NO_DIFFERENCES);
    expect(await api.metric('audit_jobs_resent_total')).toBeGreaterThan(0);
  });
});
