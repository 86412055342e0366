import { setTimeout as sleep } from 'node:timers/promises';
import * as fc from 'fast-check';
import { Redis } from 'ioredis';
import { redisProgram, TestRedis } from '../../../../scripts/test-support/redis.js';
import { VirtualClock } from '../../test-support/virtual-clock.js';
import { Policy } from '../policy/policy.js';
import { MemoryRateLimiter } from './memory-rate-limiter.js';
import type { RateDecision, RateLimiter, RateLimiterOptions } from './rate-limiter.js';
import { RedisRateLimiter } from './redis-rate-limiter.js';

/** A form of the rate limiter, and how its time passes. */
interface Form {
  make(options: RateLimiterOptions): RateLimiter;
  pass(ms: number): Promise<void>;
  now(): number;
  start?(): Promise<void>;
  stop?(): Promise<void>;
}

function memoryForm(): Form {
  const clock = new VirtualClock();
  return {
    make: (options) => new MemoryRateLimiter(options, clock),
    pass: async (ms) => clock.advance(ms),
    now: () => clock.now(),
  };
}

function redisForm(): Form {
  let server: TestRedis;
  let connection: Redis;
  let made = 0;
  return {
    start: async () => {
      server = await TestRedis.start();
      connection = new Redis(server.url, { disconnectTimeout: 50 });
    },
    make: (options) => {
      const policy = new Policy('redis', { timeoutMs: 2000 });
      return new RedisRateLimiter(connection, policy, { ...options, keyPrefix: `test:${made++}:` });
    },
    pass: async (ms) => {
      await sleep(ms);
    },
    now: () => performance.now(),
    stop: async () => {
      connection.disconnect();
      await server.stop();
    },
  };
}

const forms: [string, Form][] = [['MemoryRateLimiter', memoryForm()]];
if (redisProgram) forms.push(['RedisRateLimiter', redisForm()]);
else process.stderr.write('SKIPPED, because there is no redis-server (run scripts/tools.sh): RedisRateLimiter\n');

describe.each(forms)('%s', (_, form) => {
  beforeAll(() => form.start?.());
  afterAll(() => form.stop?.());

  const slow = { perSecond: 0.1, burst: 10 }; // next to nothing comes in while a test runs

  /** What so many requests at once are told. */
  const takeAtOnce = (limiter: RateLimiter, count: number, tenant = 'a'): Promise<RateDecision[]> =>
    Promise.all(Array.from({ length: count }, async () => limiter.take(tenant)));
  const allowed = (decisions: RateDecision[]): number => decisions.filter((decision) => decision.allowed).length;

  it('allows the burst, and no more', async () => {
    const limiter = form.make({ rule: slow });
    const decisions: RateDecision[] = [];
    for (let k = 0; k < 15; k++) decisions.push(await limiter.take('a'));
    expect(decisions.map((decision) => decision.allowed)).toEqual([...Array(10).fill(true), ...Array(5).fill(false)]);
  });

  it.each([1, 10, 100])('is exact when %i requests come at once for each that may pass', async (times) => {
    expect(allowed(await takeAtOnce(form.make({ rule: slow }), 10 * times))).toBe(10);
  });

  it('says what is left and when there will be more', async () => {
    const limiter = form.make({ rule: slow });
    expect(await limiter.take('a')).toEqual({
      allowed: true,
      rule: slow,
      remaining: 9,
      resetSeconds: 10,
      retryAfterSeconds: 0,
    });
    await takeAtOnce(limiter, 9);
    expect(await limiter.take('a')).toMatchObject({
      allowed: false,
      remaining: 0,
      resetSeconds: 100,
      retryAfterSeconds: 10,
    });
  });

  it('keeps to a rule that comes with the request, and to a new one when that changes', async () => {
    const limiter = form.make({ rule: slow });
    const take = (burst: number, count: number) =>
      Promise.all(Array.from({ length: count }, async () => limiter.take('key:1', { perSecond: 0.1, burst })));
    expect(allowed(await take(3, 5))).toBe(3);
    expect((await take(2, 1))[0]).toMatchObject({ allowed: false, rule: { burst: 2 } });
    expect(allowed(await takeAtOnce(limiter, 12))).toBe(10);
  });

  it('refills at its rate', async () => {
    const limiter = form.make({ rule: { perSecond: 20, burst: 10 } });
    const startMs = form.now();
    await takeAtOnce(limiter, 100);
    await form.pass(260);
    const after = allowed(await takeAtOnce(limiter, 100));
    expect(after).toBeGreaterThanOrEqual(5);
    expect(after).toBeLessThanOrEqual(1 + ((form.now() - startMs) * 20) / 1000); // one had come in when time began to count
  });

  it('never holds more than the burst', async () => {
    const limiter = form.make({ rule: { perSecond: 100, burst: 10 } });
    await limiter.take('a');
    await form.pass(300);
    const startMs = form.now();
    const after = allowed(await takeAtOnce(limiter, 100));
    expect(after).toBeGreaterThanOrEqual(10);
    expect(after).toBeLessThanOrEqual(11 + ((form.now() - startMs) * 100) / 1000); // one may have been lent before
  });

  it('keeps tenants apart, whatever they are called', async () => {
    const limiter = form.make({ rule: slow });
    const names = ['a', 'A', '', 'é\0\n', '__proto__', 'x'.repeat(10_000), `${'x'.repeat(9999)}y`, '{a}'];
    for (const name of names) expect(allowed(await takeAtOnce(limiter, 20, name))).toBe(10);
  });

  it('gives single tenants rules of their own', async () => {
    const limiter = form.make({ rule: slow, overrides: { big: { perSecond: 0.1, burst: 50 } } });
    expect(allowed(await takeAtOnce(limiter, 100, 'big'))).toBe(50);
    expect(allowed(await takeAtOnce(limiter, 100, 'other'))).toBe(10);
    expect(limiter.ruleOf('big').burst).toBe(50);
  });

  it('remembers a bounded number of tenants, and those of late for certain', async () => {
    const limiter = form.make({ rule: slow, maxTenants: 100 }) as MemoryRateLimiter | RedisRateLimiter;
    for (let k = 0; k < 2000; k++) {
      await limiter.take(`tenant-${k}`);
      if (k % 20 === 0) await limiter.take('regular');
    }
    expect(limiter.tenants).toBeLessThanOrEqual(100);
    expect(await limiter.take('regular')).toMatchObject({ allowed: false });
  });
});

describe('MemoryRateLimiter with many tenants', () => {
  it('keeps the buckets of 100,000 that take turns, and of a million no more than 200,000', () => {
    const limiter = new MemoryRateLimiter({ rule: { perSecond: 0.1, burst: 2 } }, new VirtualClock());
    const passed = (tenants: number) => {
      let allowed = 0;
      for (let k = 0; k < tenants; k++) allowed += limiter.take(`tenant-${k}`).allowed ? 1 : 0;
      return allowed;
    };
    expect([passed(100_000), passed(100_000), passed(100_000)]).toEqual([100_000, 100_000, 0]);
    passed(1_000_000);
    expect(limiter.tenants).toBeLessThanOrEqual(200_000);
  });
});

describe('MemoryRateLimiter over time', () => {
  it('agrees with a simple model, whatever comes when', () => {
    const rule = fc.record({ perSecond: fc.integer({ min: 1, max: 100 }), burst: fc.integer({ min: 1, max: 20 }) });
    const waits = fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 200 });
    fc.assert(
      fc.property(rule, waits, ({ perSecond, burst }, steps) => {
        const clock = new VirtualClock();
        const limiter = new MemoryRateLimiter({ rule: { perSecond, burst } }, clock);
        let milliTokens = burst * 1000; // whole numbers: perSecond tokens a second are as many thousandths a ms
        for (const waitMs of steps) {
          clock.advance(waitMs);
          milliTokens = Math.min(burst * 1000, milliTokens + waitMs * perSecond);
          const { allowed, remaining } = limiter.take('a');
          const isClear = Math.abs(milliTokens - 1000) >= 1; // otherwise rounding may go either way
          expect(allowed).toBe(isClear ? milliTokens > 1000 : allowed);
          if (allowed) milliTokens -= 1000;
          expect(remaining).toBeLessThanOrEqual(burst);
        }
      }),
    );
  });
});
