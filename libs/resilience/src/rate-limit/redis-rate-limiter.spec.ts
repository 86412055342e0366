import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { describeWithRedis, TestRedis } from '../../../../scripts/test-support/redis.js';
import { until } from '../../../../scripts/test-support/until.js';
import { VirtualClock } from '../../test-support/virtual-clock.js';
import { SYSTEM_CLOCK, type Clock } from '../clock.js';
import { Policy } from '../policy/policy.js';
import type { ScriptingRedis } from '../redis-script.js';
import { askForLease } from './lease-script.js';
import type { RateDecision, RateRule } from './rate-limiter.js';
import { RedisRateLimiter } from './redis-rate-limiter.js';

/** What nothing but a Redis that hangs exceeds, on a machine however busy. */
const PATIENT_MS = 5000;

const kindOf = (error: unknown) => (String(error).includes('OOM') ? 'refusal' : undefined);

describe('RedisRateLimiter, where Redis', () => {
  /** What Redis was told that the tenant owes, in order. */
  let owed: number[];
  let errors: unknown[];

  function limiterBefore(answer: () => Promise<unknown>): RedisRateLimiter {
    owed = [];
    errors = [];
    const evalsha: ScriptingRedis['evalsha'] = (...args) => {
      owed.push(Number(args[5]));
      return answer();
    };
    const policy = new Policy('redis', { timeoutMs: 20, classify: kindOf });
    const options = { rule: { perSecond: 1, burst: 100 }, onUnavailable: (error: unknown) => errors.push(error) };
    return new RedisRateLimiter({ evalsha, eval: evalsha }, policy, options);
  }

  it('does what it is asked and answers too late, asks for a debt once', async () => {
    const limiter = limiterBefore(() => new Promise(() => undefined));
    for (let k = 0; k < 12; k++) expect(await limiter.take('a')).toMatchObject({ allowed: true });
    expect(owed.length).toBeGreaterThan(3);
    expect(owed.reduce((sum, debt) => sum + debt, 0)).toBeLessThanOrEqual(12);
  });

  it('refuses, asks for the debt again', async () => {
    const limiter = limiterBefore(() =>
      owed.length === 1
        ? Promise.reject(Object.assign(new Error('OOM'), { name: 'ReplyError' }))
        : Promise.resolve([1, '50']),
    );
    await limiter.take('a'); // decided before Redis is asked
    await until(() => errors.length === 1);
    await limiter.take('a');
    expect(owed).toEqual([1, 1]);
  });
});

describeWithRedis('RedisRateLimiter', () => {
  const connections: Redis[] = [];
  let server: TestRedis;
  let roundTrips: number;
  let underWay: number;
  let errors: unknown[];

  beforeEach(async () => {
    server = await TestRedis.start();
    roundTrips = 0;
    underWay = 0;
    errors = [];
  });

  afterEach(async () => {
    connections.splice(0).forEach((connection) => connection.disconnect());
    await server.stop();
  });

  function replica(
    rule: RateRule,
    {
      timeoutMs = PATIENT_MS,
      openMs = 300,
      clock = SYSTEM_CLOCK,
    }: { timeoutMs?: number; openMs?: number; clock?: Clock } = {},
  ): RedisRateLimiter {
    const connection = new Redis(server.url, {
      enableOfflineQueue: false,
      lazyConnect: true,
      retryStrategy: () => 50,
      disconnectTimeout: 50,
    });
    connection.on('error', () => undefined); // of the killed server; commands reject with it
    connections.push(connection);
    const counted = <T>(answer: Promise<T>): Promise<T> => {
      underWay++;
      return answer.finally(() => underWay--);
    };
    const counting: ScriptingRedis = {
      evalsha: (...args) => {
        roundTrips++;
        return counted(connection.evalsha(...args));
      },
      eval: (...args) => counted(connection.eval(...args)),
    };
    const policy = new Policy('redis', { timeoutMs, breaker: { openMs }, classify: kindOf });
    const options = { rule, onUnavailable: (error: unknown) => errors.push(error) };
    return new RedisRateLimiter(counting, policy, options, clock);
  }

  async function connected(limiter: RedisRateLimiter): Promise<RedisRateLimiter> {
    const waiting = connections.filter(({ status }) => status === 'wait');
    await Promise.all(waiting.map((connection) => connection.connect()));
    return limiter;
  }

  /** Whatever was asked of Redis has been answered. */
  const answered = () => until(() => underWay === 0, { pollMs: 2 }); // buckets fill up meanwhile

  it('keeps the rate over four replicas within 5 %', async () => {
    const rule = { perSecond: 200, burst: 600 }; // three seconds’ worth: no pause of a busy machine fills it up
    const replicas = Array.from({ length: 4 }, () => replica(rule));
    await Promise.all(replicas.map(connected));
    const startMs = performance.now();
    const passed = await Promise.all(
      replicas.map(async (limiter) => {
        for (let allowed = 0; ; await sleep(2)) {
          const askedMs = performance.now();
          const decisions = await Promise.all(Array.from({ length: 5 }, async () => limiter.take('a')));
          const passing = decisions.filter((decision) => decision.allowed).length;
          allowed += passing;
          if (askedMs - startMs > 3000 && passing < decisions.length) return { allowed, askedMs }; // nothing is left
        }
      }),
    );
    const total = passed.reduce((sum, { allowed }) => sum + allowed, 0);
    const expected = (untilMs: number) => rule.burst + (rule.perSecond * (untilMs - startMs)) / 1000;
    expect(errors).toEqual([]);
    expect(total).toBeGreaterThan(0.95 * expected(Math.min(...passed.map(({ askedMs }) => askedMs))));
    expect(total).toBeLessThan(1.05 * expected(performance.now()));
  });

  it('lets a tenant far below its limit wait for nothing, and asks a twentieth of the time', async () => {
    const limiter = await connected(replica({ perSecond: 1000, burst: 1000 }));
    for (let k = 0; k < 500; k++) {
      const decision = limiter.take('a');
      expect(decision).not.toBeInstanceOf(Promise);
      expect(decision).toMatchObject({ allowed: true });
      if (k % 10 === 0) await answered();
    }
    expect(roundTrips).toBeLessThanOrEqual(25);
  });

  it('asks again for what was lent when its time is over: a tenant of few requests gets all that are its own', async () => {
    const clock = new VirtualClock();
    const limiter = await connected(replica({ perSecond: 1 / 60, burst: 2 }, { clock }));
    expect((await limiter.take('a')).allowed).toBe(true);
    await answered(); // the second is lent
    clock.advance(30_000);
    expect((await limiter.take('a')).allowed).toBe(true);
    expect((await limiter.take('a')).allowed).toBe(false);
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
    await answered();
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
    expect(performance.now() - startMs).toBeLessThan(PATIENT_MS);
    const allowed = decisions.filter((decision) => decision.allowed).length;
    expect(allowed).toBeGreaterThanOrEqual(10);
    expect(allowed).toBeLessThanOrEqual(11);
    expect(errors.length).toBeGreaterThan(0);
    await server.startAgain();
    await until(async () => {
      await limiter.take('b');
      return (await server.command('EXISTS', 'falcon:rate:1:b')) === 1;
    });
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
    const limiter = await connected(replica({ perSecond: 0.1, burst: 2 }, { timeoutMs: 50, openMs: 60_000 }));
    await limiter.take('warm');
    server.freeze();
    const startMs = performance.now();
    const askFourTenants = async () => {
      for (let k = 0; k < 12; k++) await limiter.take(`tenant-${k % 4}`);
    };
    await askFourTenants();
    expect(performance.now() - startMs).toBeLessThan(PATIENT_MS); // by itself it would not answer at all
    const asked = roundTrips;
    await askFourTenants();
    expect(roundTrips).toBe(asked); // the breaker has opened
    server.resume();
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

  it('keeps no more than a burst for a tenant, however long it asks for nothing and whatever is given back', async () => {
    await connected(replica({ perSecond: 100, burst: 10 }));
    const request = { key: 'falcon:rate:1:a', perSecond: 100, burst: 10, owed: 0, waiting: 1000 };
    await server.command('HSET', request.key, 'tokens', '0', 'at', '0');
    expect(await askForLease(connections[0]!, request)).toEqual({ lent: 10, tokens: 0 });
    expect(await askForLease(connections[0]!, { ...request, owed: -1000 })).toEqual({ lent: 10, tokens: 0 });
  });

  it('lets no debt grow beyond a burst', async () => {
    await connected(replica({ perSecond: 100, burst: 10 }));
    const request = { key: 'falcon:rate:1:a', perSecond: 100, burst: 10, owed: 1_000_000, waiting: 0 };
    expect(await askForLease(connections[0]!, request)).toEqual({ lent: 0, tokens: -10 });
    expect(await timeToLive('falcon:rate:1:a')).toBeLessThanOrEqual(1200);
  });

  it('leaves nothing of a tenant in Redis once its bucket is full again', async () => {
    const limiter = await connected(replica({ perSecond: 100, burst: 10 }));
    await Promise.all(Array.from({ length: 10 }, async () => limiter.take('a')));
    expect(await timeToLive('falcon:rate:1:a')).toBeLessThanOrEqual(1200);
  });

  /** In milliseconds; Infinity for a key that stays. */
  async function timeToLive(key: string): Promise<number> {
    const ms = Number(await server.command('PTTL', key));
    return ms === -1 ? Infinity : ms;
  }
});
