import { setTimeout as sleep } from 'node:timers/promises';
import { describeWithRedis, TestRedis } from '../../../../scripts/test-support/redis.js';
import { TcpProxy } from '../../../../scripts/test-support/tcp-proxy.js';
import { eventually, until } from '../../../../scripts/test-support/until.js';
import type { Client } from '../support/client.js';
import { scrape, waitForSeries } from '../support/metrics.js';
import { startWithClient, stop, type Running } from '../support/running.js';
import { medianMs, SteadyLoad } from '../support/steady-load.js';

jest.setTimeout(120_000);

const REDIS_STATE = 'circuit_breaker_state{dependency="redis"}';
/** Everything that asks Redis is on; one scraped state is not missed between two trials of the breaker. */
const SETTINGS = {
  CACHE_ENABLED: 'true',
  CACHE_REDIS_TIMEOUT_MS: '200',
  RATE_LIMIT_ENABLED: 'true',
  RATE_LIMIT_PER_MINUTE: '10000000',
};
/** What a busy machine may add to a median of a few milliseconds: less than a wait for Redis (200 ms) would. */
const NOISE_MS = 150;

let texts = 0;
const newText = () => `A text that nobody has asked before, number ${++texts}`;

/** Whether what the one server is asked is known to the other: that can only be through Redis. */
async function isShared([one, other]: readonly [Client, Client]): Promise<boolean> {
  const text = newText();
  await one.infer({ text });
  return (await other.infer({ text })).json['cache_hit'] === true;
}

async function untilShared(clients: readonly [Client, Client]): Promise<void> {
  const complaint = () => 'The servers do not share answers again.';
  await until(() => isShared(clients), { pollMs: 100, complaint });
}

describeWithRedis('the cache’s Redis under load', () => {
  let redis: TestRedis;
  let proxy: TcpProxy;
  let servers: Running[];
  let clients: readonly [Client, Client];
  let load: SteadyLoad;

  beforeAll(async () => {
    redis = await TestRedis.start();
    proxy = await TcpProxy.start(redis.port);
    const env = { ...SETTINGS, REDIS_URL: `redis://127.0.0.1:${proxy.port}` };
    servers = await Promise.all(['a', 'b'].map((id) => startWithClient({ ...env, WORKER_ID: id })));
    clients = [servers[0]!.client, servers[1]!.client];
  });
  beforeEach(async () => {
    await untilShared(clients);
    load = new SteadyLoad({ ports: servers.map(({ falcon }) => falcon.port), name: newText() });
    await load.during(500); // code that runs for the first time
  });
  afterAll(async () => {
    await Promise.all(servers.map(stop));
    await proxy.stop();
    await redis.stop();
  });

  /** What the load must have seen whatever happened to Redis. */
  async function expectUnharmed(): Promise<void> {
    await load.stop();
    expect(load.broken).toEqual([]);
    expect(load.statuses()).toEqual({ 200: load.answers.length });
    expect(load.answers.filter(({ json }) => json['mode'] !== 'fresh')).toEqual([]);
  }

  it.each([
    ['killed', () => redis.kill(), () => redis.startAgain()],
    ['frozen', async () => redis.freeze(), async () => redis.resume()],
    ['slowed to 800 ms', async () => void (proxy.delayMs = 800), async () => void (proxy.delayMs = 0)],
  ])('may be %s: answers go on at their pace, and it is used again by itself', async (_, strike, recover) => {
    const before = medianMs(await load.during(1000));
    const failuresBefore = (await scrape(clients[0])).get('circuit_breaker_failures_total{dependency="redis"}')!;
    await strike();
    try {
      await Promise.all(clients.map((client) => waitForSeries(client, REDIS_STATE, (state) => state === 1)));
      const during = await load.during(1500);
      expect(during.length).toBeGreaterThan(50);
      expect(medianMs(during)).toBeLessThan(2 * before + NOISE_MS);
      await waitForSeries(clients[0], REDIS_STATE, (state) => state === 1);
      const metrics = await scrape(clients[0]);
      expect(metrics.get('circuit_breaker_failures_total{dependency="redis"}')).toBeGreaterThan(failuresBefore);
      expect(metrics.get('fallback_triggered_total{dependency="redis",fallback_type="cache_miss"}')).toBeGreaterThan(0);
      expect(metrics.get('rate_limit_local_decisions_total')).toBeGreaterThan(0);
      expect((await clients[0].get('/readyz')).status).toBe(200);
      const text = newText();
      expect(await clients[0].infer({ text })).toMatchObject({ status: 200, json: { cache_hit: false } });
      expect(await clients[0].infer({ text })).toMatchObject({ status: 200, json: { cache_hit: true } });
    } finally {
      await recover();
    }
    await untilShared(clients);
    await waitForSeries(clients[0], REDIS_STATE, (state) => state === 0);
    await expectUnharmed();
  });

  it('has told the log when it went and when it came back', () => {
    const messages = servers[0]!.falcon.logs().map(({ message }) => message);
    expect(messages.filter((message) => message.startsWith('Redis unavailable: '))).not.toEqual([]);
    expect(messages).toContain('Redis available');
  });

  it('may be flushed again and again', async () => {
    for (let k = 0; k < 10; k++) {
      await redis.command('FLUSHALL');
      await sleep(100);
    }
    await untilShared(clients);
    await expectUnharmed();
    expect((await scrape(clients[0])).get(REDIS_STATE)).toBe(0);
  });

  /** Not at the first try on a machine that stands still for so long that the breaker opens rightly. */
  async function expectRefusedWithoutOpening(client: Client): Promise<void> {
    const seen = async () => {
      const metrics = await scrape(client);
      return {
        refused: metrics.get('cache_errors_total{operation="set"}')!,
        openings: metrics.get('circuit_breaker_state_changes_total{dependency="redis",to="open"}'),
        state: metrics.get(REDIS_STATE),
      };
    };
    const before = await seen();
    await load.during(3000);
    const after = await seen();
    expect(after.refused - before.refused).toBeGreaterThan(40);
    expect(after).toMatchObject({ openings: before.openings, state: 0 });
  }

  describe('when it is full', () => {
    afterEach(async () => void (await redis.command('CONFIG', 'SET', 'maxmemory', '0')));

    it('may refuse to store: what it has is read still', async () => {
      // Several: of one, the entry may still be on its way when Redis is full, or the lookup take longer than it may.
      const known = Array.from({ length: 10 }, newText);
      await Promise.all(known.map((text) => clients[0].infer({ text })));
      await load.during(500);
      await redis.command('CONFIG', 'SET', 'maxmemory', '1');
      await eventually(() => expectRefusedWithoutOpening(clients[1]));
      const hits: unknown[] = [];
      for (const text of known) hits.push((await clients[1].infer({ text })).json['cache_hit']);
      expect(hits).toContain(true);
      const keyed = await clients[0].infer({ text: known[0] }, { 'Idempotency-Key': newText() });
      expect([keyed.status, keyed.headers['idempotency-status']]).toEqual([200, 'unavailable']);
      await redis.command('CONFIG', 'SET', 'maxmemory', '0');
      await untilShared(clients);
      await expectUnharmed();
    });

    it('may evict: it forgets, and that is all', async () => {
      const evicted = async () => Number(/evicted_keys:(\d+)/.exec(String(await redis.command('INFO', 'stats')))?.[1]);
      const used = Number(/used_memory:(\d+)/.exec(String(await redis.command('INFO', 'memory')))?.[1]);
      await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
      await redis.command('CONFIG', 'SET', 'maxmemory', String(used + 20_000));
      await until(async () => (await evicted()) >= 50, { pollMs: 100 });
      await untilShared(clients);
      expect((await scrape(clients[0])).get(REDIS_STATE)).toBe(0);
      await expectUnharmed();
    });
  });
});
