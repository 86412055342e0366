import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { describeWithRedis, TestRedis } from '../../../../scripts/test-support/redis.js';
import { Policy } from '../policy/policy.js';
import type { ScriptingRedis } from './lease-script.js';
import type { RateDecision, RateRule } from './rate-limiter.js';
import { RedisRateLimiter } from './redis-rate-limiter.js';

const kindOf = (error: unknown) => (String(error).includes('OOM') ? 'refusal' : undefined);

describeWithRedis('RedisRateLimiter', () => {
  const connections: Redis[] = [];
  let server: TestRedis;
  let roundTrips: number;
  let errors: unknown[];

  beforeEach(async () => {
    server = await TestRedis.start();
    roundTrips = 0;
    errors = [];
  });

  afterEach(async () => {
    connections.splice(0).forEach((connection) => connection.disconnect());
    await server.stop();
  });

  function replica(rule: RateRule, maxTenants?: number, timeoutMs = 50): RedisRateLimiter {
    const connection = new Redis(server.url, {
      enableOfflineQueue: false,
      lazyConnect: true,
      retryStrategy: () => 50,
      disconnectTimeout: 50,
    });
    connection.on('error', () => undefined); // of the killed server; commands reject with it
    connections.push(connection);
    const counting: ScriptingRedis = {
      evalsha: (...args) => {
        roundTrips++;
        return connection.evalsha(...args);
      },
      eval: (...args) => connection.eval(...args),
    };
    const policy = new Policy('redis', { timeoutMs, breaker: { openMs: 300 }, classify: kindOf });
    const bounds = maxTenants === undefined ? {} : { maxTenants };
    return new RedisRateLimiter(counting, policy, { rule, ...bounds, onUnavailable: (error) => errors.push(error) });
  }

  async function connected(limiter: RedisRateLimiter): Promise<RedisRateLimiter> {
    const waiting = connections.filter(({ status }) => status === 'wait');
    await Promise.all(waiting.map((connection) => connection.connect()));
    return limiter;
  }

  it('keeps the rate over four replicas within 5 %', async () => {
    const rule = { perSecond: 200, burst: 20 };
    const replicas = Array.from({ length: 4 }, () => replica(rule, undefined, 2000)); // a busy machine must not decide
    await Promise.all(replicas.map(connected));
    const startMs = performance.now();
    const passed = await Promise.all(
      replicas.map(async (limiter) => {
        let allowed = 0;
        while (performance.now() - startMs < 3000) {
          const decisions = await Promise.all(Array.from({ length: 5 }, async () => limiter.take('a')));
          allowed += decisions.filter((decision) => decision.allowed).length;
          await sleep(2);
        }
        return allowed;
      }),
    );
    const total = passed.reduce((sum, allowed) => sum + allowed, 0);
    const expected = rule.burst + (rule.perSecond * (performance.now() - startMs)) / 1000;
    expect(errors).toEqual([]);
    expect(total).toBeGreaterThan(0.95 * expected);
    expect(total).toBeLessThan(1.05 * expected);
  });

  it('lets a tenant far below its limit wait for nothing, and asks a twentieth of the time', async () => {
    const limiter = await connected(replica({ perSecond: 1000, burst: 1000 }));
    for (let k = 0; k < 500; k++) {
      const decision = limiter.take('a');
      expect(decision).not.toBeInstanceOf(Promise);
      expect(decision).toMatchObject({ allowed: true });
      if (k % 10 === 0) await sleep(1);
    }
    expect(roundTrips).toBeLessThanOrEqual(25);
  });

  it('asks nothing for a tenant that has used up its limit', async () => {
    const limiter = await connected(replica({ perSecond: 0.1, burst: 10 }));
    await Promise.all(Array.from({ length: 20 }, async () => limiter.take('a')));
    const before = roundTrips;
    for (let k = 0; k < 100; k++) expect(limiter.take('a')).toMatchObject({ allowed: false });
    expect(roundTrips).toBe(before);
  });

  it('counts what one replica has used against the others', async () => {
    const [one, two] = [replica({ perSecond: 0.1, burst: 10 }), replica({ perSecond: 0.1, burst: 10 })];
    await Promise.all([one, two].map(connected));
    const first = await Promise.all(Array.from({ length: 10 }, async () => one.take('a')));
    await sleep(20);
    const second = await Promise.all(Array.from({ length: 10 }, async () => two.take('a')));
    expect(first.every(({ allowed }) => allowed)).toBe(true);
    // One request may pass before Redis is asked, and is paid back.
    expect(second.filter(({ allowed }) => allowed).length).toBeLessThanOrEqual(1);
  });

  it('goes on alone at once when Redis is away, and shares again when it is back', async () => {
    const limiter = await connected(replica({ perSecond: 0.1, burst: 10 }));
    await server.kill();
    const startMs = performance.now();
    const decisions = await Promise.all(Array.from({ length: 100 }, async () => limiter.take('a')));
    expect(performance.now() - startMs).toBeLessThan(1500);
    const allowed = decisions.filter((decision) => decision.allowed).length;
    expect(allowed).toBeGreaterThanOrEqual(10);
    expect(allowed).toBeLessThanOrEqual(11);
    expect(errors.length).toBeGreaterThan(0);
    await server.startAgain();
    await sleep(500);
    roundTrips = 0;
    await Promise.all(Array.from({ length: 20 }, async () => limiter.take('b')));
    expect(roundTrips).toBeGreaterThan(0);
    expect(Number(await server.command('EXISTS', 'falcon:rate:1:b'))).toBe(1);
  });

  it('neither lets more through while Redis refuses to write, nor makes the tenant pay for it afterwards', async () => {
    const limiter = await connected(replica({ perSecond: 0.1, burst: 100 }));
    await limiter.take('a');
    await server.command('CONFIG', 'SET', 'maxmemory', '1');
    const takes: Promise<RateDecision>[] = [];
    for (let k = 0; k < 1000; k++) {
      takes.push(Promise.resolve(limiter.take('a')));
      if (k % 4 === 0) await new Promise(setImmediate);
    }
    const allowed = (await Promise.all(takes)).filter((decision) => decision.allowed).length;
    expect(allowed).toBeGreaterThanOrEqual(100);
    expect(allowed).toBeLessThanOrEqual(115); // besides what is lent, and spent before the first answer
    await server.command('CONFIG', 'SET', 'maxmemory', '0');
    await limiter.take('a');
    expect(Number(await server.command('HGET', 'falcon:rate:1:a', 'tokens'))).toBeGreaterThan(0);
  });

  it('waits no longer than its policy allows for a Redis that is frozen, and then not at all', async () => {
    const limiter = await connected(replica({ perSecond: 0.1, burst: 2 }));
    await limiter.take('warm');
    server.freeze();
    const slowestMs: number[] = [];
    for (let k = 0; k < 20; k++) {
      const startMs = performance.now();
      await limiter.take(`tenant-${k % 4}`);
      slowestMs.push(performance.now() - startMs);
    }
    server.resume();
    expect(Math.max(...slowestMs)).toBeLessThan(1000);
    expect(slowestMs.slice(12).filter((ms) => ms < 40).length).toBeGreaterThan(4); // the breaker has opened
  });

  it('survives a flush and a key of another kind', async () => {
    const limiter = await connected(replica({ perSecond: 0.1, burst: 10 }));
    await Promise.all(Array.from({ length: 3 }, async () => limiter.take('a')));
    await server.command('FLUSHALL');
    await server.command('SCRIPT', 'FLUSH');
    expect((await limiter.take('a')).allowed).toBe(true);
    await server.command('SET', 'falcon:rate:1:b', 'not a hash');
    const decisions = await Promise.all(Array.from({ length: 30 }, async () => limiter.take('b')));
    expect(decisions.filter(({ allowed }) => allowed).length).toBeLessThanOrEqual(11);
    expect(String(errors.at(-1))).toContain('WRONGTYPE');
  });

  it('leaves nothing of a tenant in Redis once its bucket is full again', async () => {
    const limiter = await connected(replica({ perSecond: 100, burst: 10 }));
    await Promise.all(Array.from({ length: 10 }, async () => limiter.take('a')));
    expect(Number(await server.command('PTTL', 'falcon:rate:1:a'))).toBeLessThanOrEqual(1200);
  });
});
