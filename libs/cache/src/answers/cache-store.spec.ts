import { setImmediate as nextTurn } from 'node:timers/promises';
import { describeWithRedis, TestRedis } from '../../../../scripts/test-support/redis.js';
import { accessTo, type TestAccess } from '../../test-support/redis-access.js';
import { newEntry, type CacheEntry } from './cache-entry.js';
import type { CacheStore } from './cache-store.js';
import { MemoryCacheStore } from './memory-cache-store.js';
import { RedisCacheStore } from './redis-cache-store.js';
import { TieredCacheStore } from './tiered-cache-store.js';

const MAX_VALUE_LENGTH = 1000;
const LIFETIME = { ttlMs: 60_000, ttlJitter: 0, staleMs: 60_000 };

/** Makes a store with a clock of the test's own. */
type MakeStore = (now: () => number) => CacheStore;

const memory = (now: () => number): MemoryCacheStore =>
  new MemoryCacheStore({ maxBytes: 1_000_000, maxValueLength: MAX_VALUE_LENGTH, now });

/** What every store promises. */
function keepsItsPromises(makeStore: MakeStore): void {
  const startMs = Date.now();
  let nowMs = startMs;
  let store: CacheStore;
  let keys = 0;

  const key = (): string => `falcon:cache:3:spec-${process.pid}-${keys++}`;
  const entry = (value: string): CacheEntry => newEntry(value, LIFETIME, nowMs);

  beforeEach(() => {
    nowMs = startMs;
    store = makeStore(() => nowMs);
  });

  it('does not know what it was never given', async () => {
    expect(await store.get(key())).toBeUndefined();
  });

  it('gives back what it was given, with its times', async () => {
    const asked = key();
    const kept = entry('{"prediction":"positive","emoji":"🎉 ü \u0000"}');
    expect(await store.set(asked, kept)).toBe(true);
    expect(await store.get(asked)).toEqual(kept);
  });

  it('gives the latest of several', async () => {
    const asked = key();
    await store.set(asked, entry('first'));
    await store.set(asked, entry('second'));
    expect((await store.get(asked))?.value).toBe('second');
  });

  it('keeps keys apart, asked for all at once', async () => {
    const asked = Array.from({ length: 300 }, key);
    await Promise.all(asked.map(async (one) => store.set(one, entry(`value of ${one}`))));
    const found = await Promise.all([...asked, key()].map(async (one) => store.get(one)));
    expect(found.map((one) => one?.value)).toEqual([...asked.map((one) => `value of ${one}`), undefined]);
  });

  it('answers everybody who asks for the same key at once', async () => {
    const asked = key();
    await store.set(asked, entry('for all'));
    const found = await Promise.all(Array.from({ length: 5 }, async () => store.get(asked)));
    expect(found.map((one) => one?.value)).toEqual(Array.from({ length: 5 }, () => 'for all'));
  });

  it('still has an entry past its time, and not any more when it is too old even for that', async () => {
    const asked = key();
    const kept = entry('an answer');
    await store.set(asked, kept);
    nowMs = kept.freshUntilMs + 1;
    expect((await store.get(asked))?.value).toBe('an answer');
    nowMs = kept.keptUntilMs;
    expect(await store.get(asked)).toBeUndefined();
  });

  it('refuses values that are too long, and keeps the longest that is not', async () => {
    const [short, long] = [key(), key()];
    expect(await store.set(short, entry('x'.repeat(MAX_VALUE_LENGTH)))).toBe(true);
    expect(await store.set(long, entry('x'.repeat(MAX_VALUE_LENGTH + 1)))).toBe(false);
    expect((await store.get(short))?.value).toHaveLength(MAX_VALUE_LENGTH);
    expect(await store.get(long)).toBeUndefined();
  });
}

describe('MemoryCacheStore', () => {
  keepsItsPromises(memory);

  it('stays within its bytes and forgets what was not asked for longest', () => {
    const store = memory(Date.now);
    const kept = newEntry('x'.repeat(500), LIFETIME, Date.now());
    store.set('popular', kept);
    for (let other = 0; other < 10_000; other++) {
      store.set(`other ${other}`, kept);
      store.get('popular');
    }
    expect(store.bytes).toBeGreaterThan(900_000);
    expect(store.bytes).toBeLessThanOrEqual(1_000_000);
    expect(store.size).toBeLessThan(2000);
    expect(store.get('popular')).toEqual(kept);
    expect(store.get('other 0')).toBeUndefined();
    expect(store.get('other 9999')).toEqual(kept);
  });
});

describeWithRedis('A cache in Redis', () => {
  let server: TestRedis;
  let opened: TestAccess;

  beforeAll(async () => {
    server = await TestRedis.start();
    opened = await accessTo(server);
  });
  afterAll(async () => {
    opened.redis.disconnect();
    await server.stop();
  });

  const redisStore = (now: () => number): RedisCacheStore =>
    new RedisCacheStore(opened.access, { maxValueLength: MAX_VALUE_LENGTH, now });

  describe('RedisCacheStore', () => {
    keepsItsPromises(redisStore);
  });
  describe('TieredCacheStore', () => {
    keepsItsPromises((now) => new TieredCacheStore(memory(now), redisStore(now), now));
  });

  const callsOf = async (command: string): Promise<number> => {
    const text = String(await server.command('INFO', 'commandstats'));
    return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(text)?.[1] ?? 0);
  };

  it('sends what is asked in one turn as one command', async () => {
    const before = await callsOf('mget');
    const store = redisStore(Date.now);
    await Promise.all(Array.from({ length: 100 }, async (_, index) => store.get(`falcon:cache:3:turn-${index}`)));
    expect(await callsOf('mget')).toBe(before + 1);
  });

  it('gathers what is stored in turns that follow each other closely', async () => {
    const before = await callsOf('evalsha');
    const store = redisStore(Date.now);
    const startMs = performance.now();
    const stored: unknown[] = [];
    for (let turn = 0; turn < 100; turn++) {
      stored.push(store.set(`falcon:cache:3:gathered-${turn}`, newEntry('x', LIFETIME, Date.now())));
      await nextTurn();
    }
    expect(await Promise.all(stored)).toEqual(Array(100).fill(true));
    const commands = (await callsOf('evalsha')) - before;
    expect(commands).toBeLessThanOrEqual(2 + (performance.now() - startMs) / 4); // 5 ms apart, and timers round
  });

  it('lets Redis drop an entry that is too old for everything', async () => {
    const store = redisStore(Date.now);
    await store.set('falcon:cache:3:ends', newEntry('x', LIFETIME, Date.now()));
    const leftMs = Number(await server.command('PTTL', 'falcon:cache:3:ends'));
    expect(leftMs).toBeGreaterThan(LIFETIME.ttlMs + LIFETIME.staleMs - 5000);
    expect(leftMs).toBeLessThanOrEqual(LIFETIME.ttlMs + LIFETIME.staleMs);
  });

  it.each([
    ['a list under the key', ['RPUSH', 'item']],
    ['a text that is no entry', ['SET', 'not an entry']],
    ['a text far too long', ['SET', `1:1:1:${'x'.repeat(1_000_000)}`]],
  ])('takes %s for a miss, and overwrites it', async (_, [command = '', value = '']) => {
    const alien = 'falcon:cache:3:alien';
    await server.command('DEL', alien);
    await server.command(command, alien, value);
    const store = redisStore(Date.now);
    expect(await store.get(alien)).toBeUndefined();
    expect(await store.set(alien, newEntry('ours', LIFETIME, Date.now()))).toBe(true);
    expect((await store.get(alien))?.value).toBe('ours');
  });

  it('takes for a miss what can be no answer', async () => {
    const isAnswer = (value: string): boolean => value === 'an answer';
    const choosy = new RedisCacheStore(opened.access, { maxValueLength: MAX_VALUE_LENGTH, isAnswer });
    await choosy.set('falcon:cache:3:theirs', newEntry('forged', LIFETIME, Date.now()));
    expect(await choosy.get('falcon:cache:3:theirs')).toBeUndefined();
    await choosy.set('falcon:cache:3:theirs', newEntry('an answer', LIFETIME, Date.now()));
    expect((await choosy.get('falcon:cache:3:theirs'))?.value).toBe('an answer');
  });

  it.each([
    ['takes an entry of a clock that runs ahead for one of now', LIFETIME.ttlMs / 2, LIFETIME.ttlMs],
    ['takes it for stale when it is ahead by more than its time', LIFETIME.ttlMs + 1000, 0],
  ])('%s', async (_, aheadMs, freshForMs) => {
    const theirNowMs = Date.now() + aheadMs;
    const theirs = redisStore(() => theirNowMs);
    await theirs.set('falcon:cache:3:ahead', newEntry('x', LIFETIME, theirNowMs));
    const nowMs = theirNowMs - aheadMs;
    expect(await redisStore(() => nowMs).get('falcon:cache:3:ahead')).toEqual({
      value: 'x',
      madeAtMs: nowMs,
      freshUntilMs: nowMs + freshForMs,
      keptUntilMs: nowMs + LIFETIME.ttlMs + LIFETIME.staleMs,
    });
  });

  it('gives a replica what another one has stored, and then from memory', async () => {
    const [one, other] = [memory(Date.now), memory(Date.now)];
    const entry = newEntry('shared', LIFETIME, Date.now());
    await new TieredCacheStore(one, redisStore(Date.now)).set('falcon:cache:3:shared', entry);
    expect(await new TieredCacheStore(other, redisStore(Date.now)).get('falcon:cache:3:shared')).toEqual(entry);
    expect(other.get('falcon:cache:3:shared')).toEqual(entry);
  });

  it('keeps in memory what is asked for again', async () => {
    const near = memory(Date.now);
    const tiered = new TieredCacheStore(near, redisStore(Date.now));
    const entry = newEntry('asked again', LIFETIME, Date.now());
    expect(await tiered.set('falcon:cache:3:again', entry)).toBe(true);
    expect(near.size).toBe(0);
    expect(await tiered.get('falcon:cache:3:again')).toEqual(entry);
    expect(tiered.get('falcon:cache:3:again')).toEqual(entry); // and at once from here on
  });

  it('keeps in memory what Redis does not take', async () => {
    const near = memory(Date.now);
    const tiered = new TieredCacheStore(near, redisStore(Date.now));
    const entry = newEntry('refused', LIFETIME, Date.now());
    await server.command('CONFIG', 'SET', 'maxmemory', '1');
    const kept = await tiered.set('falcon:cache:3:refused', entry);
    await server.command('CONFIG', 'SET', 'maxmemory', '0');
    expect(kept).toBe(true);
    expect(near.get('falcon:cache:3:refused')).toEqual(entry);
  });

  it('gives back at once what is still on its way to Redis', async () => {
    const store = redisStore(Date.now);
    const [gathering, latest] = ['first', 'second'].map((value) => newEntry(value, LIFETIME, Date.now()));
    const first = store.set('falcon:cache:3:on-its-way', gathering!);
    expect(store.get('falcon:cache:3:on-its-way')).toEqual(gathering);
    await nextTurn(); // it has been sent, and Redis has not answered
    expect(store.get('falcon:cache:3:on-its-way')).toEqual(gathering);
    const second = store.set('falcon:cache:3:on-its-way', latest!);
    expect(store.get('falcon:cache:3:on-its-way')).toEqual(latest);
    expect([await first, await second]).toEqual([true, true]);
    expect(await store.get('falcon:cache:3:on-its-way')).toEqual(latest);
  });

  it('prefers the new answer of another replica to its own stale one', async () => {
    let nowMs = Date.now();
    const near = memory(() => nowMs);
    const tiered = new TieredCacheStore(
      near,
      redisStore(() => nowMs),
      () => nowMs,
    );
    near.set('falcon:cache:3:newer', newEntry('old', LIFETIME, nowMs));
    nowMs += LIFETIME.ttlMs + 1;
    await redisStore(() => nowMs).set('falcon:cache:3:newer', newEntry('new', LIFETIME, nowMs));
    expect((await tiered.get('falcon:cache:3:newer'))?.value).toBe('new');
  });
});
