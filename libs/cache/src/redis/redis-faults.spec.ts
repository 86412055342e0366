import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeWithRedis, TestRedis } from '../../../../scripts/test-support/redis.js';
import { eventually, until } from '../../../../scripts/test-support/until.js';
import { accessTo, REST_MS, type TestAccess } from '../../test-support/redis-access.js';
import { newEntry, type CacheEntry } from '../answers/cache-entry.js';
import { RedisCacheStore } from '../answers/redis-cache-store.js';
import { RedisFlightLock } from '../answers/redis-flight-lock.js';
import { RedisIdempotencyStore } from '../idempotency/redis-idempotency-store.js';

/** What Redis does not exceed while it is well, on a machine however busy. */
const TIMEOUT_MS = 250;
/** For those of which nothing is slow. */
const PATIENT_MS = 5000;
/** What a busy machine may add; a question that is not given up at TIMEOUT_MS ends with its connection, after two seconds. */
const SLACK_MS = 1500;
const MOST_RECOVERY_MS = 20_000;

const entry = (): CacheEntry => newEntry('an answer', { ttlMs: 60_000, ttlJitter: 0, staleMs: 0 }, Date.now());
const claim = () => ({ id: randomUUID(), fingerprint: 'f', owner: randomUUID() });

describeWithRedis('A Redis that fails', () => {
  let server: TestRedis;
  let opened: TestAccess;
  let cache: RedisCacheStore;
  let keys: RedisIdempotencyStore;
  let unhandled: unknown[];
  const onUnhandled = (reason: unknown): void => void unhandled.push(reason);

  beforeEach(async () => {
    unhandled = [];
    process.on('unhandledRejection', onUnhandled);
    server = await TestRedis.prepare();
  });
  afterEach(async () => {
    opened.redis.disconnect();
    await server.stop();
    await sleep(TIMEOUT_MS); // what was under way would be rejected now
    process.off('unhandledRejection', onUnhandled);
    expect(unhandled).toEqual([]);
  });

  const open = async ({ connected = true, timeoutMs = TIMEOUT_MS } = {}): Promise<void> => {
    if (connected) {
      await server.startAgain();
    }
    opened = await accessTo(server, { connected, timeoutMs });
    cache = new RedisCacheStore(opened.access, { maxValueLength: 1000 });
    keys = new RedisIdempotencyStore(opened.access);
  };

  const lock = (): RedisFlightLock => new RedisFlightLock(opened.access, 1000);

  /** Everything that can be asked, and how long the slowest answer took. */
  const askAll = async (): Promise<{ answers: unknown[]; tookMs: number }> => {
    const startMs = performance.now();
    const answers = await Promise.all([
      cache.get('falcon:cache:1:a'), // not what is stored: that is found while it is on its way, even if it never arrives
      cache.set('falcon:cache:1:b', entry()),
      keys.claim(claim(), 1000),
      keys.complete(claim(), { status: 200, body: '{}' }, 1000),
      keys.release(claim()),
      lock().acquire('falcon:cache:1:a'),
      lock().release('falcon:cache:1:a'),
    ]);
    return { answers, tookMs: performance.now() - startMs };
  };
  const AWAY = [undefined, false, { state: 'unavailable' }, false, false, 'unknown', undefined];

  const works = async (): Promise<boolean> =>
    (await cache.set('falcon:cache:1:back', entry())) &&
    (await cache.get('falcon:cache:1:back'))?.value === 'an answer' &&
    (await keys.claim(claim(), 1000)).state === 'claimed';
  const untilItWorks = () => until(works, { timeoutMs: MOST_RECOVERY_MS });

  it('is a miss at once when it is not there at the start, and is used when it comes', async () => {
    await open({ connected: false });
    for (let round = 0; round < 5; round++) {
      const { answers, tookMs } = await askAll();
      expect(answers).toEqual(AWAY);
      expect(tookMs).toBeLessThan(TIMEOUT_MS + SLACK_MS);
    }
    await server.startAgain();
    await untilItWorks();
  });

  it('is a miss at once when it is killed, and is used when it is back', async () => {
    await open();
    await untilItWorks();
    opened.lines.length = 0;
    await server.kill();
    for (let round = 0; round < 5; round++) {
      const { answers, tookMs } = await askAll();
      expect(answers).toEqual(AWAY);
      expect(tookMs).toBeLessThan(TIMEOUT_MS + SLACK_MS);
    }
    await server.startAgain();
    await untilItWorks();
    expect(opened.lines.slice(0, 2)).toEqual([expect.stringMatching(/^Redis unavailable: ./), 'Redis available']);
  });

  it('is a miss within the time limit when it is frozen, then nothing is asked of it, and it is used when it goes on', async () => {
    await open();
    await untilItWorks();
    opened.lines.length = 0;
    server.freeze();
    const first = await askAll();
    expect(first.answers).toEqual(AWAY);
    expect(first.tookMs).toBeLessThan(TIMEOUT_MS + SLACK_MS);
    await askAll();
    await askAll();
    opened.observer.events.length = 0;
    const second = await askAll();
    expect(second.answers).toEqual(AWAY);
    expect(second.tookMs).toBeLessThan(SLACK_MS);
    expect(opened.observer.events.toSorted()).toEqual(['fallback cache_miss', 'fallback cache_skip']);
    server.resume();
    await untilItWorks();
    expect(opened.lines.slice(0, 2)).toEqual([
      `Redis unavailable: "redis" did not answer within ${TIMEOUT_MS} ms.`,
      'Redis available',
    ]);
  });

  it('is used again even when it was frozen for so long that the connection was given up', async () => {
    await open();
    await untilItWorks();
    const closed = new Promise((resolve) => opened.redis.once('close', resolve));
    server.freeze();
    const asking = setInterval(() => void askAll(), REST_MS);
    try {
      await closed;
      await sleep(1000);
      expect((await askAll()).answers).toEqual(AWAY);
    } finally {
      clearInterval(asking);
    }
    server.resume();
    await untilItWorks();
  });

  it('costs one trial at a time while it stays frozen', async () => {
    await open();
    await untilItWorks();
    server.freeze();
    await askAll();
    await askAll();
    await askAll();
    await sleep(REST_MS + 50); // its end, and not just before
    opened.observer.events.length = 0;
    const slow = cache.get('falcon:cache:1:a');
    await new Promise(setImmediate); // it is on its way
    const startMs = performance.now();
    await Promise.all(Array.from({ length: 100 }, () => keys.claim(claim(), 1000)));
    expect(performance.now() - startMs).toBeLessThan(SLACK_MS);
    expect(await slow).toBeUndefined();
    expect(opened.observer.events).toEqual(['error get', 'fallback cache_miss']);
  });

  it('is a miss when it is slow, and is used when it is not any more', async () => {
    await open();
    await untilItWorks();
    await server.command('CLIENT', 'PAUSE', '5000', 'ALL');
    const { answers, tookMs } = await askAll();
    expect(answers).toEqual(AWAY);
    expect(tookMs).toBeLessThan(TIMEOUT_MS + SLACK_MS);
    await untilItWorks();
  });

  it('takes no more on its way than the bound while it hangs', async () => {
    await open();
    await untilItWorks();
    server.freeze();
    const kept = Array.from({ length: 5000 }, async (_, index) => cache.set(`falcon:cache:1:${index}`, entry()));
    expect(opened.observer.events.filter((event) => event === 'fallback cache_skip')).toHaveLength(5000 - 1024);
    expect(new Set(await Promise.all(kept))).toEqual(new Set([false]));
    server.resume();
    await untilItWorks();
  });

  it('is not blamed for a pause of this process', async () => {
    await open();
    await untilItWorks();
    // Again where Redis itself, on a busy machine, has not answered while this process computed.
    await eventually(async () => {
      await untilItWorks();
      opened.observer.events.length = 0;
      for (let round = 0; round < 3; round++) {
        const asked = cache.get('falcon:cache:1:back');
        setImmediate(() => {
          for (const endMs = performance.now() + 2 * TIMEOUT_MS; performance.now() < endMs;);
        });
        expect((await asked)?.value).toBe('an answer');
      }
      expect(opened.observer.events).toEqual([]);
    });
  });

  it('may be flushed: what was kept is a miss', async () => {
    await open({ timeoutMs: PATIENT_MS });
    await untilItWorks();
    await server.command('FLUSHALL');
    expect(await cache.get('falcon:cache:1:back')).toBeUndefined();
    await untilItWorks();
    expect(opened.lines).toEqual([]);
  });

  it('that is full is read from still', async () => {
    await open({ timeoutMs: PATIENT_MS });
    await untilItWorks();
    await server.command('CONFIG', 'SET', 'maxmemory', '1');
    opened.observer.events.length = 0;
    for (let round = 0; round < 5; round++) {
      expect(await cache.set('falcon:cache:1:more', entry())).toBe(false);
      expect((await cache.get('falcon:cache:1:back'))?.value).toBe('an answer');
    }
    expect(opened.observer.events.filter((event) => event === 'error set')).toHaveLength(5);
    expect(opened.observer.events.filter((event) => event === 'fallback cache_skip')).toHaveLength(5);
    await server.command('CONFIG', 'SET', 'maxmemory', '0');
    await untilItWorks();
  });
});
