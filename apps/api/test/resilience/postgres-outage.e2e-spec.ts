import { setTimeout as sleep } from 'node:timers/promises';
import { describeWithRedis } from '../../../../scripts/test-support/redis.js';
import { TcpProxy } from '../../../../scripts/test-support/tcp-proxy.js';
import { AuditStack } from '../support/audit-stack.js';
import { LedgerClient } from '../support/ledger-client.js';
import { NO_DIFFERENCES } from '../support/ledger-check.js';
import type { Service } from '../support/service.js';

jest.setTimeout(120_000);

const OUTAGE_MS = 4000;
/** Longer than an operation may take: it is given up, and done all the same. */
const SLOWED_BY_MS = 1500;
/** Answers take milliseconds; whoever waited for Postgres would take five seconds, its timeout. */
const PROMPT_MS = 1500;

describeWithRedis('Postgres under load, in the production form', () => {
  let stack: AuditStack;
  let proxy: TcpProxy;
  let api: Service;
  let worker: Service;

  beforeAll(async () => {
    stack = await AuditStack.open({ redis: 'now', postgres: 'now' });
    proxy = await TcpProxy.start(stack.postgres!.port);
    const throughProxy = new URL(stack.postgres!.url());
    throughProxy.port = String(proxy.port);
    const POSTGRES_URL = throughProxy.href;
    api = await stack.api('api', { REDIS_URL: stack.redis!.url, POSTGRES_URL });
    worker = await stack.worker('writer', { POSTGRES_URL, POSTGRES_OPERATION_TIMEOUT_SECONDS: '1' });
    await Promise.all([api.start(), worker.start()]);
  });
  afterAll(async () => {
    await stack.close();
    await proxy.stop();
  });

  it.each([
    ['killed', () => stack.postgres!.kill(), () => stack.postgres!.start()],
    ['frozen', async () => stack.postgres!.signal('SIGSTOP'), async () => stack.postgres!.signal('SIGCONT')],
    ['slowed', async () => void (proxy.delayMs = SLOWED_BY_MS), async () => void (proxy.delayMs = 0)],
  ])('may be %s: all is answered promptly, and has its one row afterwards', async (how, strike, recover) => {
    const timesTold = () => worker.logs().filter(({ message }) => message.startsWith('Database unavailable: ')).length;
    const toldBefore = timesTold();
    const client = new LedgerClient({ ports: [api.port], name: how }).start();
    await client.waitForAnswers(50);
    try {
      await strike();
      const before = client.answered.size;
      await sleep(OUTAGE_MS);
      expect(client.answered.size - before).toBeGreaterThan(50); // whoever waited for Postgres would get eight
      await recover();
      await client.waitForAnswers(50);
    } finally {
      await recover();
      await client.stop();
    }
    expect(client.statuses()).toEqual({ 200: client.answered.size });
    expect(client.unanswered.size).toBe(0);
    expect(client.p95Ms).toBeLessThan(PROMPT_MS);
    const { missing, double, wrong } = await stack.settle([client]);
    expect({ missing, double, wrong, strange: [] }).toEqual(NO_DIFFERENCES);
    expect(timesTold()).toBeGreaterThan(toldBefore);
  });
});
