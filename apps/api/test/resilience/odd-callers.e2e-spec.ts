import { describeWithRedis, TestRedis } from '../../../../scripts/test-support/redis.js';
import { until } from '../../../../scripts/test-support/until.js';
import { answerOf, type Client } from '../support/client.js';
import { scrape } from '../support/metrics.js';
import { startWithClient, stop, type Running } from '../support/running.js';

jest.setTimeout(180_000);

const TENANTS = 10_000;
const CONNECTIONS = 16;
/** 12 KB for each tenant, with what is garbage and not collected yet. */
const MOST_GROWTH_BYTES = 120e6;

describe('headers of a wrong form', () => {
  let running: Running;
  beforeAll(
    async () => (running = await startWithClient({ RATE_LIMIT_ENABLED: 'true', REQUEST_TIMEOUT_SECONDS: '5' })),
  );
  afterAll(() => stop(running));

  it.each([
    ['X-Priority', ''],
    ['X-Priority', 'HIGH'],
    ['X-Priority', 'low, high'],
    ['X-Priority', '__proto__'],
    ['X-Request-Timeout-Ms', ''],
    ['X-Request-Timeout-Ms', '0'],
    ['X-Request-Timeout-Ms', '-1'],
    ['X-Request-Timeout-Ms', '1.5'],
    ['X-Request-Timeout-Ms', '1e3'],
    ['X-Request-Timeout-Ms', '5001'],
    ['X-Request-Timeout-Ms', '99999999999999999999'],
    ['X-Allow-Degraded', 'yes'],
    ['X-Tenant-ID', ''],
    ['X-Tenant-ID', 'a b'],
    ['X-Tenant-ID', '../../etc'],
    ['X-Tenant-ID', 'ten\u00e4nt'],
    ['X-Tenant-ID', 'a"},evil="1'],
    ['X-Tenant-ID', 't'.repeat(65)],
    ['Idempotency-Key', ''],
    ['Idempotency-Key', '""'],
    ['Idempotency-Key', '"half'],
    ['Idempotency-Key', 'k\u00e9y'],
    ['Idempotency-Key', 'k'.repeat(256)],
    ['X-Idempotency-Key', 'k'.repeat(16_000)],
  ])('%s is 400 and named (value %#)', async (name, value) => {
    const { status, json } = await running.client.infer({ text: 'a' }, { [name]: value });
    expect([status, json['code']]).toEqual([400, 'INVALID_HEADER']);
    expect(json['errors']).toMatchObject([{ path: `headers.${name.toLowerCase()}` }]);
  });

  it.each(['low', 'normal', 'high', 'critical'])(
    'the priority %s is taken, in the header and in the URL',
    async (one) => {
      expect((await running.client.infer({ text: 'a' }, { 'X-Priority': one })).status).toBe(200);
      expect((await running.client.post(`/infer?priority=${one}`, { text: 'a' })).status).toBe(200);
    },
  );

  it.each(['urgent', '', 'a%20b', '__proto__'])('the priority %j in the URL is 400', async (value) => {
    const { status, json } = await running.client.post(`/infer?priority=${value}`, { text: 'a' });
    expect([status, json['code']]).toEqual([400, 'INVALID_HEADER']);
  });

  it.each(['__proto__', 'constructor', 'toString', '.', '..', '-', '0'])(
    'the tenant %s is one like any other',
    async (tenant) => {
      const { status, headers } = await running.client.infer({ text: 'a' }, { 'X-Tenant-ID': tenant });
      expect([status, headers['ratelimit']]).toEqual([200, expect.stringMatching(/^"tenant";r=99;t=\d+$/)]);
    },
  );

  it.each([
    ['X-Tenant-ID', '5', '6'],
    ['X-Priority', 'low', 'high'],
    ['X-Request-Timeout-Ms', '5000', '6000'],
  ])('%s twice is 400', async (name, first, second) => {
    const socket = await running.client.socket();
    const twice = `${name}: ${first}\r\n${name}: ${second}\r\n`;
    socket.write(
      `POST /infer HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${twice}Content-Type: application/json\r\nContent-Length: 12\r\n\r\n{"text":"a"}`,
    );
    expect((await answerOf(socket)).status).toBe(400);
  });
});

async function askAs(client: Client, tenants: number): Promise<Record<number, number>> {
  const statuses: Record<number, number> = {};
  let next = 0;
  const keepAsking = async () => {
    while (next < tenants) {
      const { status } = await client.infer({ text: 'the same' }, { 'X-Tenant-ID': `tenant-${next++}` });
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, keepAsking));
  return statuses;
}

/** Node counts by type what it has open at this moment, be it a file that is being written, and what its collector has done so far. */
const COME_BY_THEMSELVES = /^nodejs_(active_|gc_)/;

function lastingSeries(samples: ReadonlyMap<string, number>): string[] {
  return [...samples.keys()].filter((series) => !COME_BY_THEMSELVES.test(series)).toSorted();
}

/** One client that calls itself by 10,000 names; `env` says where the limits are kept. */
async function expectBounded(env: NodeJS.ProcessEnv): Promise<void> {
  const running = await startWithClient({ RATE_LIMIT_ENABLED: 'true', CACHE_ENABLED: 'true', ...env });
  // Each model that is loaded has series of its own.
  await until(async () => !(await running.client.get('/metrics')).text.includes('state="loading"'));
  await askAs(running.client, 1000); // what works for the first time takes memory, too
  const before = await scrape(running.client);
  expect(await askAs(running.client, TENANTS)).toEqual({ 200: TENANTS });
  const after = await scrape(running.client);
  expect(lastingSeries(after)).toEqual(lastingSeries(before));
  expect([...after.keys()].filter((series) => series.includes('tenant-'))).toEqual([]);
  const grown = after.get('nodejs_heap_size_used_bytes')! - before.get('nodejs_heap_size_used_bytes')!;
  expect(grown).toBeLessThan(MOST_GROWTH_BYTES);
  await stop(running);
}

describe('10,000 tenants from one client', () => {
  it('make no series, and take little memory', () => expectBounded({}));
});

describeWithRedis('10,000 tenants from one client, with limits in Redis', () => {
  it('make no series, take little memory, and nothing in Redis for long', async () => {
    const redis = await TestRedis.start();
    await expectBounded({ REDIS_URL: redis.url, RATE_LIMIT_PER_MINUTE: '60000' });
    const keys = (await redis.command('KEYS', 'falcon:rate:*')) as string[];
    const ttls = await Promise.all(keys.slice(0, 20).map((key) => redis.command('PTTL', key)));
    expect(ttls.filter((ttl) => ttl === -1)).toEqual([]); // none without an end
    await redis.stop();
  });
});
