import { describeWithRedis } from '../../../scripts/test-support/redis.js';
import { AuditStack } from './support/audit-stack.js';
import { NO_DIFFERENCES } from './support/ledger-check.js';
import { LedgerClient } from './support/ledger-client.js';
import { RoundRobinProxy } from '../../../scripts/test-support/round-robin-proxy.js';

/** `make restarts` asks for 20 restarts in 50,000 requests. */
const RESTARTS = Number(process.env['RESTARTS'] ?? 4);
const REQUESTS = Number(process.env['RESTART_REQUESTS'] ?? 2000);
/** As operators get it; on a busy machine the proxy may be late to notice. */
const DRAIN_DELAY_SECONDS = '5';
const TIMEOUT_MS = 120_000 + RESTARTS * 30_000 + REQUESTS * 20;

describeWithRedis('restarts by SIGTERM of one of two servers behind a load balancer, under load', () => {
  let stack: AuditStack;
  let proxy: RoundRobinProxy;

  beforeAll(async () => {
    stack = await AuditStack.open({ redis: 'now', postgres: 'now' });
    const env = { DRAIN_DELAY_SECONDS };
    const services = [await stack.api('api-1', env), await stack.api('api-2', env), await stack.worker('writer')];
    await Promise.all(services.map((service) => service.start()));
    proxy = await RoundRobinProxy.start(stack.apis.map(({ port }) => port));
  }, 60_000);
  afterAll(async () => {
    await proxy?.close(); // what failed to start has to be ended no more
    await stack?.close();
  });

  it(
    'fail no request and lose no audit row',
    async () => {
      const client = new LedgerClient({ ports: [proxy.port], connections: 24, pauseMs: 10 }).start();
      for (let restart = 0; restart < RESTARTS; restart++) {
        const wanted = (REQUESTS / RESTARTS) * (restart + 0.5);
        await client.waitForAnswers(Math.max(100, wanted - client.answered.size), TIMEOUT_MS);
        const api = stack.apis[restart % 2]!;
        expect(await api.stop()).toBe(0);
        await api.start();
      }
      await client.waitForAnswers(Math.max(100, REQUESTS - client.answered.size), TIMEOUT_MS);
      await client.stop();
      const told = {
        statuses: client.statuses(),
        slowestMs: Math.round(client.slowestMs),
        servers: [...proxy.answers.values()],
      };
      process.stderr.write(`${RESTARTS} restarts: ${JSON.stringify(told)}\n`);

      expect([...client.unanswered]).toEqual([]);
      expect(client.statuses()).toEqual({ 200: client.answered.size });
      expect(proxy.answers.size).toBe(2);
      expect(await stack.settle([client])).toEqual(NO_DIFFERENCES);
      expect(await stack.verify([client])).toMatchObject({ code: 0, stdout: expect.stringContaining(' 0 missing') });
    },
    TIMEOUT_MS,
  );
});
