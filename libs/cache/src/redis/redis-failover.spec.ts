import { randomUUID } from 'node:crypto';
import { describeWithRedis, TestRedis } from '../../../../scripts/test-support/redis.js';
import { TcpProxy } from '../../../../scripts/test-support/tcp-proxy.js';
import { until } from '../../../../scripts/test-support/until.js';
import { accessTo, type TestAccess } from '../../test-support/redis-access.js';
import { newEntry } from '../answers/cache-entry.js';
import { RedisCacheStore } from '../answers/redis-cache-store.js';
import { RedisIdempotencyStore } from '../idempotency/redis-idempotency-store.js';

const entry = () => newEntry('an answer', { ttlMs: 60_000, ttlJitter: 0, staleMs: 0 }, Date.now());
const claim = () => ({ id: randomUUID(), fingerprint: 'f', owner: randomUUID() });

let opened: TestAccess;

const store = async () => new RedisCacheStore(opened.access, { maxValueLength: 1000 }).set('falcon:cache:1:a', entry());
const lookUp = async () =>
  (await new RedisCacheStore(opened.access, { maxValueLength: 1000 }).get('falcon:cache:1:a'))?.value;
const claims = async () => (await new RedisIdempotencyStore(opened.access).claim(claim(), 60_000)).state === 'claimed';

describeWithRedis('A Redis that another takes over from, behind their address,', () => {
  let [old, next]: TestRedis[] = [];
  let proxy: TcpProxy;

  beforeEach(async () => {
    [old, next] = [await TestRedis.start(), await TestRedis.start()];
    proxy = await TcpProxy.start(old.port);
    opened = await accessTo({ url: `redis://127.0.0.1:${proxy.port}` });
  });

  afterEach(async () => {
    opened.redis.disconnect();
    await proxy.stop();
    await old?.stop();
    await next?.stop();
  });

  it.each([
    ['answer to store', store],
    ['idempotency key', claims],
  ])('is left for that one with the first %s', async (_, works) => {
    expect(await works()).toBe(true);
    proxy.targetPort = next?.port ?? 0;
    await old?.command('REPLICAOF', '127.0.0.1', String(next?.port));
    await until(works);
    expect(await next?.command('DBSIZE')).toBe(1);
  });
});

describeWithRedis('A Redis that stays a replica', () => {
  let redis: TestRedis;

  beforeEach(async () => {
    redis = await TestRedis.start();
    opened = await accessTo(redis);
  });

  afterEach(async () => {
    opened.redis.disconnect();
    await redis.stop();
  });

  it('is looked for elsewhere once, then read from still, and used when it is the primary again', async () => {
    expect(await store()).toBe(true);
    let connections = 0;
    opened.redis.on('ready', () => connections++);
    await redis.command('REPLICAOF', '127.0.0.1', '9'); // of a primary that is never there
    expect(await store()).toBe(false);
    await until(() => connections === 1);
    opened.observer.events.length = 0;
    for (let round = 0; round < 20; round++) {
      expect(await store()).toBe(false);
      expect(await lookUp()).toBe('an answer');
    }
    expect(new Set(opened.observer.events)).toEqual(new Set(['error set', 'fallback cache_skip']));
    await redis.command('REPLICAOF', 'NO', 'ONE');
    await until(store);
    expect(opened.lines).toEqual([]);
  });
});
