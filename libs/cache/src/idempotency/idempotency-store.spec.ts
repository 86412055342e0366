import { randomUUID } from 'node:crypto';
import { Policy } from '@app/resilience';
import { describeWithRedis, TestRedis } from '../../../../scripts/test-support/redis.js';
import { RecordingObserver } from '../../test-support/recording-observer.js';
import { accessTo, type TestAccess } from '../../test-support/redis-access.js';
import { RedisAccess } from '../redis/redis-access.js';
import type { Claim, IdempotencyStore } from './idempotency-store.js';
import { MemoryIdempotencyStore } from './memory-idempotency-store.js';
import { RedisIdempotencyStore } from './redis-idempotency-store.js';

const LEASE_MS = 10_000;
const TTL_MS = 60_000;
const ANSWER = { status: 200, body: '{"prediction":"positive","emoji":"🎉"}' };

/** A store and the passing of its time. */
interface Subject {
  store: IdempotencyStore;
  /** Lets a lease or an answer end. */
  expire: (claim: Claim) => Promise<unknown>;
}

/** What every store promises. */
function keepsItsPromises(makeSubject: () => Subject): void {
  let store: IdempotencyStore;
  let expire: Subject['expire'];
  let claim: Claim;
  let other: Claim;

  beforeEach(() => {
    ({ store, expire } = makeSubject());
    claim = { id: randomUUID(), fingerprint: 'of the body', owner: randomUUID() };
    other = { ...claim, owner: randomUUID() };
  });

  it('gives a key to the first of many and tells the others that it is under way', async () => {
    const all = Array.from({ length: 100 }, () => ({ ...claim, owner: randomUUID() }));
    const states = (await Promise.all(all.map((one) => store.claim(one, LEASE_MS)))).map(({ state }) => state);
    expect(states.filter((state) => state === 'claimed')).toHaveLength(1);
    expect(states.filter((state) => state === 'in-flight')).toHaveLength(99);
  });

  it('replays the answer to whoever asks after', async () => {
    await store.claim(claim, LEASE_MS);
    expect(await store.complete(claim, ANSWER, TTL_MS)).toBe(true);
    expect(await store.claim(other, LEASE_MS)).toEqual({ state: 'replay', answer: ANSWER });
    expect(await store.claim(claim, LEASE_MS)).toEqual({ state: 'replay', answer: ANSWER });
  });

  it('replays failures, too', async () => {
    const failure = { status: 500, body: '' };
    await store.claim(claim, LEASE_MS);
    await store.complete(claim, failure, TTL_MS);
    expect(await store.claim(other, LEASE_MS)).toEqual({ state: 'replay', answer: failure });
  });

  it('sees that the same key came with another body, while it is under way and after', async () => {
    const mistaken = { ...other, fingerprint: 'of another body' };
    await store.claim(claim, LEASE_MS);
    expect(await store.claim(mistaken, LEASE_MS)).toEqual({ state: 'mismatch' });
    await store.complete(claim, ANSWER, TTL_MS);
    expect(await store.claim(mistaken, LEASE_MS)).toEqual({ state: 'mismatch' });
  });

  it('gives a released key to the next, with whatever body', async () => {
    await store.claim(claim, LEASE_MS);
    expect(await store.release(claim)).toBe(true);
    expect(await store.claim({ ...other, fingerprint: 'of another body' }, LEASE_MS)).toEqual({ state: 'claimed' });
  });

  it('lets only its owner release a key', async () => {
    await store.claim(claim, LEASE_MS);
    expect(await store.release(other)).toBe(false);
    expect(await store.claim(other, LEASE_MS)).toEqual({ state: 'in-flight' });
  });

  it('never releases an answer', async () => {
    await store.claim(claim, LEASE_MS);
    await store.complete(claim, ANSWER, TTL_MS);
    expect(await store.release(claim)).toBe(false);
    expect(await store.claim(other, LEASE_MS)).toEqual({ state: 'replay', answer: ANSWER });
  });

  it('frees the key of an owner that was killed, when its lease ends', async () => {
    await store.claim(claim, LEASE_MS);
    await expire(claim);
    expect(await store.claim(other, LEASE_MS)).toEqual({ state: 'claimed' });
  });

  it('lets an owner renew its claim', async () => {
    await store.claim(claim, LEASE_MS);
    await store.renew(claim, LEASE_MS);
    expect(await store.claim(other, LEASE_MS)).toEqual({ state: 'in-flight' });
  });

  it('makes a claim again that was lost, when its owner renews it', async () => {
    await store.claim(claim, LEASE_MS);
    await expire(claim);
    await store.renew(claim, LEASE_MS);
    expect(await store.claim(other, LEASE_MS)).toEqual({ state: 'in-flight' });
  });

  it('does not let an owner that is late overwrite the one after it', async () => {
    await store.claim(claim, LEASE_MS);
    await expire(claim);
    await store.claim(other, LEASE_MS);
    expect(await store.complete(claim, { status: 200, body: 'late' }, TTL_MS)).toBe(false);
    expect(await store.release(claim)).toBe(false);
    expect(await store.complete(other, ANSWER, TTL_MS)).toBe(true);
    expect(await store.complete(claim, { status: 200, body: 'later' }, TTL_MS)).toBe(false);
    expect(await store.claim(claim, LEASE_MS)).toEqual({ state: 'replay', answer: ANSWER });
  });

  it('takes the answer of an owner that is late when nobody came after it', async () => {
    await store.claim(claim, LEASE_MS);
    await expire(claim);
    expect(await store.complete(claim, ANSWER, TTL_MS)).toBe(true);
    expect(await store.claim(other, LEASE_MS)).toEqual({ state: 'replay', answer: ANSWER });
  });

  it('forgets an answer when its time is over', async () => {
    await store.claim(claim, LEASE_MS);
    await store.complete(claim, ANSWER, TTL_MS);
    await expire(claim);
    expect(await store.claim(other, LEASE_MS)).toEqual({ state: 'claimed' });
  });
}

describe('MemoryIdempotencyStore', () => {
  let nowMs = 0;
  const make = (maxBytes = 100_000): MemoryIdempotencyStore =>
    new MemoryIdempotencyStore({ maxBytes, now: () => nowMs });
  const claimed = (id: string): Claim => ({ id, fingerprint: 'f', owner: `owner of ${id}` });

  keepsItsPromises(() => ({
    store: make(),
    expire: () => Promise.resolve((nowMs += TTL_MS)),
  }));

  it('holds a claim until the very end of its lease, and an answer until that of its time', async () => {
    const store = make();
    await store.claim(claimed('a'), LEASE_MS);
    nowMs += LEASE_MS - 1;
    expect(await store.claim({ ...claimed('a'), owner: 'other' }, LEASE_MS)).toEqual({ state: 'in-flight' });
    await store.complete(claimed('a'), ANSWER, TTL_MS);
    nowMs += TTL_MS - 1;
    expect(await store.claim({ ...claimed('a'), owner: 'other' }, LEASE_MS)).toMatchObject({ state: 'replay' });
    nowMs += 1;
    expect(await store.claim({ ...claimed('a'), owner: 'other' }, LEASE_MS)).toEqual({ state: 'claimed' });
  });

  it('stays within its bytes by forgetting the oldest answers', async () => {
    const store = make();
    for (let key = 0; key < 1000; key++) {
      await store.claim(claimed(`key ${key}`), LEASE_MS);
      await store.complete(claimed(`key ${key}`), { status: 200, body: 'x'.repeat(250) }, TTL_MS);
      expect(store.bytes).toBeLessThanOrEqual(100_000);
    }
    expect(store.size).toBe(100);
    expect(await store.claim(claimed('key 999'), LEASE_MS)).toMatchObject({ state: 'replay' });
    expect(await store.claim(claimed('key 0'), LEASE_MS)).toEqual({ state: 'claimed' });
  });

  it('never forgets a claim under way: when there is no room it says so', async () => {
    const store = make();
    const states = [];
    for (let key = 0; key < 300; key++) {
      states.push((await store.claim(claimed(`key ${key}`), LEASE_MS)).state);
    }
    expect(states.filter((state) => state === 'claimed')).toHaveLength(200);
    expect(states.slice(200).every((state) => state === 'unavailable')).toBe(true);
    expect((await store.claim({ ...claimed('key 0'), owner: 'other' }, LEASE_MS)).state).toBe('in-flight');
  });

  it('gives the room back when all is over', async () => {
    const store = make();
    await store.claim(claimed('a'), LEASE_MS);
    await store.complete(claimed('a'), ANSWER, TTL_MS);
    await store.claim(claimed('b'), LEASE_MS);
    await store.release(claimed('b'));
    nowMs += TTL_MS;
    await store.claim(claimed('c'), LEASE_MS);
    await store.release(claimed('c'));
    expect({ size: store.size, bytes: store.bytes }).toEqual({ size: 0, bytes: 0 });
  });
});

describeWithRedis('RedisIdempotencyStore', () => {
  let server: TestRedis;
  let opened: TestAccess;
  let store: RedisIdempotencyStore;
  const redisKey = (claim: Claim): string => `falcon:idempotency:1:${claim.id}`;
  const newClaim = (): Claim => ({ id: randomUUID(), fingerprint: 'f', owner: randomUUID() });

  beforeAll(async () => {
    server = await TestRedis.start();
    opened = await accessTo(server);
    store = new RedisIdempotencyStore(opened.access);
  });
  afterAll(async () => {
    opened.redis.disconnect();
    await server.stop();
  });

  keepsItsPromises(() => ({
    store,
    expire: (claim) => server.command('PEXPIRE', redisKey(claim), '0'),
  }));

  it('leaves the end of leases and answers to Redis', async () => {
    const claim = newClaim();
    const leftMs = async (): Promise<number> => Number(await server.command('PTTL', redisKey(claim)));
    await store.claim(claim, LEASE_MS);
    expect(await leftMs()).toBeGreaterThan(LEASE_MS - 5000);
    expect(await leftMs()).toBeLessThanOrEqual(LEASE_MS);
    await store.complete(claim, ANSWER, TTL_MS);
    expect(await leftMs()).toBeGreaterThan(TTL_MS - 5000);
    expect(await leftMs()).toBeLessThanOrEqual(TTL_MS);
  });

  it('asks for a claim again when Redis fails, and for its renewal once: it may be free by then', async () => {
    const policy = new Policy('redis', { retry: { baseDelayMs: 1 } });
    const evalsha = jest.fn(() => Promise.reject(new Error('Connection is closed.')));
    const silent = { info: () => undefined, warning: () => undefined, error: () => undefined };
    const failing = { redis: { evalsha } as unknown as TestAccess['redis'], policy };
    const away = new RedisIdempotencyStore(new RedisAccess(failing, new RecordingObserver(), silent));
    expect(await away.claim(newClaim(), LEASE_MS)).toEqual({ state: 'unavailable' });
    expect(evalsha).toHaveBeenCalledTimes(3);
    await away.renew(newClaim(), LEASE_MS);
    expect(evalsha).toHaveBeenCalledTimes(4);
  });

  it.each([
    ['a list', ['RPUSH', 'item']],
    ['a text', ['SET', 'text']],
    ['a hash of another kind', ['HSET', 'field', 'value']],
  ])('cannot say anything of a key that holds %s, and leaves it alone', async (_, [command = '', ...values]) => {
    const claim = newClaim();
    await server.command(command, redisKey(claim), ...values);
    const type = await server.command('TYPE', redisKey(claim));
    opened.observer.events.length = 0;
    expect(await store.claim(claim, LEASE_MS)).toEqual({ state: 'unavailable' });
    expect(await store.complete(claim, ANSWER, TTL_MS)).toBe(false);
    expect(await store.release(claim)).toBe(false);
    expect(await server.command('TYPE', redisKey(claim))).toBe(type);
    expect(opened.observer.events).toEqual(['error check_idempotency']);
  });

  it('starts anew after a flush, scripts included', async () => {
    const claim = newClaim();
    await store.claim(claim, LEASE_MS);
    await server.command('FLUSHALL');
    await server.command('SCRIPT', 'FLUSH');
    expect(await store.complete(claim, ANSWER, TTL_MS)).toBe(true);
    expect(await store.claim({ ...claim, owner: 'other' }, LEASE_MS)).toEqual({ state: 'replay', answer: ANSWER });
  });
});
