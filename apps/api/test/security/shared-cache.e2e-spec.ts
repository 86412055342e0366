import { describeWithRedis, TestRedis } from '../../../../scripts/test-support/redis.js';
import { until } from '../../../../scripts/test-support/until.js';
import { scrape } from '../support/metrics.js';
import { startWithClient, stop, type Running } from '../support/running.js';

const ERRORS = 'cache_errors_total{operation="get"}';

describeWithRedis('what somebody else puts into the cache’s Redis', () => {
  let redis: TestRedis;
  let servers: Running[];

  beforeAll(async () => {
    redis = await TestRedis.start();
    const env = { CACHE_ENABLED: 'true', REDIS_URL: redis.url, CACHE_REDIS_TIMEOUT_MS: '5000' }; // a busy machine does not decide
    servers = await Promise.all([startWithClient(env), startWithClient(env)]);
  });
  afterAll(async () => {
    await Promise.all(servers.map(stop));
    await redis.stop();
  });

  /** Asks one server, changes what it has stored, and asks the other one, whose memory does not have it. */
  async function askAround(text: string, change: (stored: string) => string) {
    const [one, other] = servers.map(({ client }) => client);
    const first = (await one!.infer({ text })).json;
    const key = await until(async () => ((await redis.command('KEYS', 'falcon:cache:3:*')) as string[])[0]);
    const stored = String(await redis.command('GET', key));
    await redis.command('SET', key, change(stored), 'KEEPTTL');
    const before = (await scrape(other!)).get(ERRORS) ?? 0;
    const second = await other!.infer({ text });
    const errors = ((await scrape(other!)).get(ERRORS) ?? 0) - before;
    await redis.command('FLUSHALL');
    return { first, second, errors };
  }

  it('is an answer when it is what Falcon would have put there', async () => {
    const { first, second, errors } = await askAround('as it was', (stored) => stored);
    expect(second.json).toMatchObject({ cache_hit: true, probabilities: first['probabilities'] });
    expect(errors).toBe(0);
  });

  it.each([
    ['another member', (stored: string) => `${stored.slice(0, -1)},"tenant":"forged"}`],
    ['a second line', (stored: string) => stored.replace(',"confidence"', '\n,"confidence"')],
    ['half of it', (stored: string) => stored.slice(0, -20)],
  ])('is a miss when it has %s', async (what, change) => {
    const { first, second, errors } = await askAround(`a good day with ${what}`, change);
    expect(second.status).toBe(200);
    expect(second.json).toMatchObject({ cache_hit: false, probabilities: first['probabilities'] });
    expect(second.json).not.toHaveProperty('tenant');
    expect(errors).toBe(1);
  });

  it.each([
    ['another member', (body: string) => `${body.slice(0, -1)},"error_code":"FORGED"}`],
    ['no JSON', (body: string) => body.slice(1)],
  ])('is no answer to an idempotency key when it has %s: the request runs, and says so', async (what, change) => {
    const { client } = servers[0]!;
    const ask = () => client.infer({ text: 'once' }, { 'Idempotency-Key': what });
    await ask();
    const [key = ''] = (await redis.command('KEYS', 'falcon:idempotency:*')) as string[];
    expect((await ask()).json['idempotency_hit']).toBe(true);
    await redis.command('HSET', key, 'body', change(String(await redis.command('HGET', key, 'body'))));
    const third = await ask();
    expect([third.status, third.headers['idempotency-status']]).toEqual([200, 'unavailable']);
    expect(third.json).toMatchObject({ idempotency_hit: false, prediction: expect.any(String) as string });
    expect(third.json).not.toHaveProperty('error_code');
    await redis.command('FLUSHALL');
  });
});
