import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { preload } from '../../../../scripts/test-support/preload.js';
import { describeWithRedis, TestRedis } from '../../../../scripts/test-support/redis.js';
import type { Client } from '../support/client.js';
import { startWithClient, stop, type Running } from '../support/running.js';

jest.setTimeout(60_000);

const SHIFTED_CLOCK = join(__dirname, '../support/shifted-clock.cjs');
const TTL_MS = 2000;
const BURST = 10;
const HOUR_MS = 3_600_000;

const SETTINGS = {
  CACHE_REDIS_TIMEOUT_MS: '5000', // a busy machine does not decide
  CACHE_ENABLED: 'true',
  CACHE_TTL_SECONDS: String(TTL_MS / 1000),
  IDEMPOTENCY_TTL_SECONDS: String(TTL_MS / 1000),
  RATE_LIMIT_ENABLED: 'true',
  RATE_LIMIT_PER_MINUTE: '60',
  RATE_LIMIT_BURST: String(BURST),
};

const SKEWS = [
  ['an hour ahead', HOUR_MS],
  ['an hour behind', -HOUR_MS],
  ['a second ahead', 1000],
] as const;

for (const [skew, shiftMs] of SKEWS) {
  describeWithRedis(`a replica whose clock is ${skew}`, () => {
    let redis: TestRedis;
    let servers: Running[];
    let tenants = 0;

    beforeAll(async () => {
      redis = await TestRedis.start();
      const env = { ...SETTINGS, REDIS_URL: redis.url };
      const shifted = { ...preload(SHIFTED_CLOCK), CLOCK_SHIFT_MS: String(shiftMs) };
      servers = await Promise.all([
        startWithClient({ ...env, WORKER_ID: 'right' }),
        startWithClient({ ...env, ...shifted, WORKER_ID: 'shifted' }),
      ]);
    });
    afterAll(async () => {
      await Promise.all(servers.map(stop));
      await redis.stop();
    });

    const both = (): Client[] => servers.map(({ client }) => client);
    const tenant = () => ({ 'X-Tenant-ID': `tenant-${++tenants}` });
    const timeOf = async (client: Client) => Date.parse(String((await client.get('/healthz')).json['timestamp']));

    it('has a clock that is wrong indeed', async () => {
      const [right, shifted] = both();
      const before = await timeOf(right!);
      const wrong = await timeOf(shifted!);
      const after = await timeOf(right!);
      expect(wrong - shiftMs).toBeGreaterThanOrEqual(before - 1);
      expect(wrong - shiftMs).toBeLessThanOrEqual(after + 1);
    });

    it('shares the rate limit with the others as if it was right', async () => {
      const headers = tenant();
      const startMs = performance.now();
      let allowed = 0;
      for (let k = 0; k < 4 * BURST; k++) {
        allowed += (await both()[k % 2]!.infer({ text: 'a' }, headers)).status === 200 ? 1 : 0;
      }
      const refilled = Math.ceil((performance.now() - startMs) / 1000);
      expect(allowed).toBeGreaterThanOrEqual(BURST);
      expect(allowed).toBeLessThanOrEqual(BURST + refilled + 1); // one that was spent before Redis was asked
    });

    it.each([
      [0, 1],
      [1, 0],
    ])('keeps idempotency keys for their time, from server %d to server %d', async (from, to) => {
      const headers = { ...tenant(), 'Idempotency-Key': 'key' };
      const ask = async (server: number) => (await both()[server]!.infer({ text: 'a' }, headers)).json;
      const askedMs = performance.now();
      expect(await ask(from)).toMatchObject({ idempotency_hit: false });
      const again = await ask(to);
      if (performance.now() - askedMs < TTL_MS) expect(again).toMatchObject({ idempotency_hit: true });
      await sleep(TTL_MS + 200);
      expect(await ask(to)).toMatchObject({ idempotency_hit: false });
    });

    it.each([
      [0, 1],
      [1, 0],
    ])('never lets an answer live for longer than twice its time, from server %d to server %d', async (from, to) => {
      const text = `An answer that is shared from ${from} to ${to}`;
      const ask = async (server: number) => (await both()[server]!.infer({ text }, tenant())).json;
      expect(await ask(from)).toMatchObject({ cache_hit: false, mode: 'fresh' });
      const madeMs = performance.now();
      let hitMs = madeMs;
      for (let k = 0; performance.now() - madeMs < 2.5 * TTL_MS; k++) {
        const askedMs = performance.now();
        const { cache_hit: isHit, mode } = await ask(to);
        expect(mode).toBe('fresh');
        if (!isHit) break;
        hitMs = askedMs;
        await sleep(100);
      }
      expect(hitMs - madeMs).toBeLessThan(2 * TTL_MS + 200);
    });
  });
}
