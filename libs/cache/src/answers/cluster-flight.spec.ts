import { setTimeout as sleep } from 'node:timers/promises';
import { describeWithRedis, TestRedis } from '../../../../scripts/test-support/redis.js';
import { eventually, until } from '../../../../scripts/test-support/until.js';
import { accessTo, type TestAccess } from '../../test-support/redis-access.js';
import { AnswerCache } from './answer-cache.js';
import { newEntry, type CacheEntry } from './cache-entry.js';
import { ClusterFlight } from './cluster-flight.js';
import { MemoryCacheStore } from './memory-cache-store.js';
import { RedisCacheStore } from './redis-cache-store.js';
import { RedisFlightLock } from './redis-flight-lock.js';
import { TieredCacheStore } from './tiered-cache-store.js';

const BOUNDS = { leaseMs: 20_000, waitMs: 20_000, pollMs: 5 };
const LESS_THAN_A_LEASE_MS = 5000;
const MAX_VALUE_LENGTH = 1000;

describeWithRedis('ClusterFlight', () => {
  let server: TestRedis;
  const opened: TestAccess[] = [];
  let keys = 0;
  let key: string;

  beforeAll(async () => (server = await TestRedis.start()));
  beforeEach(() => (key = `falcon:cache:1:cluster-${keys++}`));
  afterEach(() => opened.splice(0).forEach(({ redis }) => redis.disconnect()));
  afterAll(() => server.stop());

  /** A replica with its own connection and memory. */
  const replica = async (bounds = BOUNDS): Promise<AnswerCache> => {
    const test = await accessTo(server);
    opened.push(test);
    const memory = new MemoryCacheStore({ maxBytes: 1_000_000, maxValueLength: MAX_VALUE_LENGTH });
    const store = new TieredCacheStore(memory, new RedisCacheStore(test.access, { maxValueLength: MAX_VALUE_LENGTH }));
    const cluster = new ClusterFlight(new RedisFlightLock(test.access, bounds.leaseMs), bounds);
    return new AnswerCache(store, { ttlMs: 60_000, ttlJitter: 0, staleMs: 0 }, test.observer, cluster);
  };

  const replicas = (count: number): Promise<AnswerCache[]> =>
    Promise.all(Array.from({ length: count }, () => replica()));

  it('computes once over all replicas, and the others find the answer', async () => {
    const compute = jest.fn(() => sleep(50, 'computed'));
    const all = await replicas(4);
    const answers = await Promise.all(all.map(async (one) => one.getOrCompute(key, compute)));
    expect(answers.map(({ origin }) => origin).toSorted()).toEqual(['cache', 'cache', 'cache', 'computed']);
    expect(new Set(answers.map(({ value }) => value))).toEqual(new Set(['computed']));
    expect(compute).toHaveBeenCalledTimes(1);
  });

  it('gives the lock free with the answer, so that nobody waits for a lease', async () => {
    const one = await replica();
    await one.getOrCompute(key, () => Promise.resolve('computed'));
    const isHeld = async () => (await server.command('EXISTS', `${key}:lock`)) === 1;
    await eventually(async () => expect(await isHeld()).toBe(false), { timeoutMs: LESS_THAN_A_LEASE_MS });
  });

  it('lets another replica try when the first one fails', async () => {
    const [one, other] = await replicas(2);
    const computing = Promise.withResolvers<void>();
    const failing = one?.getOrCompute(key, () => {
      computing.resolve();
      return sleep(30).then(() => Promise.reject(new Error('no model')));
    });
    const [failed, answered] = await Promise.allSettled([
      failing,
      computing.promise.then(() => other?.getOrCompute(key, () => Promise.resolve('computed'))),
    ]);
    expect(failed).toMatchObject({ status: 'rejected', reason: new Error('no model') });
    expect(answered).toMatchObject({ status: 'fulfilled', value: { value: 'computed', origin: 'computed' } });
  });

  it('does not compute what was stored after it had looked and before it had the lock', async () => {
    const [ours, theirs] = await Promise.all([accessTo(server), accessTo(server)]);
    opened.push(ours, theirs);
    const theirLock = new RedisFlightLock(theirs.access, BOUNDS.leaseMs);
    expect(await theirLock.acquire(key)).toBe('ours');
    const entry = newEntry('theirs', { ttlMs: 60_000, ttlJitter: 0, staleMs: 0 }, Date.now());
    let stored: CacheEntry | undefined;
    const find = async () => {
      const found = stored;
      stored = entry;
      await theirLock.release(key);
      return found;
    };
    const compute = jest.fn(() => Promise.reject(new Error('It was there.')));
    const flight = new ClusterFlight(new RedisFlightLock(ours.access, BOUNDS.leaseMs), BOUNDS);
    const { signal } = new AbortController();
    expect(await flight.run(key, { find, compute }, signal)).toEqual({ entry, found: true });
    await until(async () => (await theirLock.acquire(key)) === 'ours', { timeoutMs: LESS_THAN_A_LEASE_MS });
    expect(await theirLock.acquire(key)).toBe('theirs'); // by us, just now
  });

  it('goes on after the lease when the replica that computed was killed', async () => {
    await server.command('SET', `${key}:lock`, 'a replica that is dead', 'PX', '200', 'NX');
    const startMs = performance.now();
    const one = await replica();
    expect((await one.getOrCompute(key, () => Promise.resolve('computed'))).origin).toBe('computed');
    expect(performance.now() - startMs).toBeLessThan(BOUNDS.waitMs);
  });

  it('computes by itself when another replica takes too long', async () => {
    await server.command('SET', `${key}:lock`, 'a slow replica', 'PX', '60000', 'NX');
    const hasty = await replica({ ...BOUNDS, waitMs: 50 });
    expect((await hasty.getOrCompute(key, () => Promise.resolve('computed'))).origin).toBe('computed');
    expect(await server.command('GET', `${key}:lock`)).toBe('a slow replica');
  });

  it('ends the wait of a caller that leaves', async () => {
    await server.command('SET', `${key}:lock`, 'a slow replica', 'PX', '60000', 'NX');
    const one = await replica();
    const leaving = AbortSignal.timeout(20);
    const compute = jest.fn(() => Promise.resolve('computed'));
    await expect(one.getOrCompute(key, compute, { signal: leaving })).rejects.toMatchObject({ name: 'TimeoutError' });
    await sleep(100);
    expect(compute).not.toHaveBeenCalled();
  });

  it('computes without asking anybody while Redis is away', async () => {
    const one = await replica();
    opened[0]?.redis.disconnect();
    expect((await one.getOrCompute(key, () => Promise.resolve('computed'))).origin).toBe('computed');
  });
});
