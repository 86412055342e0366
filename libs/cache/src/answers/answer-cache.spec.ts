import { setTimeout as sleep } from 'node:timers/promises';
import { RecordingObserver } from '../../test-support/recording-observer.js';
import { AnswerCache } from './answer-cache.js';
import { MemoryCacheStore } from './memory-cache-store.js';

const TTL_MS = 60_000;
const STALE_MS = 600_000;

describe('AnswerCache', () => {
  let nowMs: number;
  let observer: RecordingObserver;
  let cache: AnswerCache;
  let compute: jest.Mock<Promise<string>, []>;

  const newCache = (ttlJitter = 0): AnswerCache => {
    const now = (): number => nowMs;
    const store = new MemoryCacheStore({ maxBytes: 1_000_000, maxValueLength: 1000, now });
    return new AnswerCache(store, { ttlMs: TTL_MS, staleMs: STALE_MS, ttlJitter, now }, observer);
  };

  beforeEach(() => {
    nowMs = 1_000_000_000_000;
    observer = new RecordingObserver();
    cache = newCache();
    compute = jest.fn(() => sleep(1, 'computed'));
  });

  it('computes an answer once and then has it stored', async () => {
    expect(await cache.getOrCompute('key', compute)).toEqual({ value: 'computed', origin: 'computed' });
    expect(await cache.getOrCompute('key', compute)).toEqual({ value: 'computed', origin: 'cache' });
    expect(compute).toHaveBeenCalledTimes(1);
    expect(observer.events).toEqual(['miss', 'hit']);
  });

  it('computes once for all who ask at the same time, and says who shared', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, async () => cache.getOrCompute('key', compute)));
    expect(answers.map(({ origin }) => origin)).toEqual(['computed', 'shared', 'shared', 'shared', 'shared']);
    expect(new Set(answers.map(({ value }) => value))).toEqual(new Set(['computed']));
    expect(compute).toHaveBeenCalledTimes(1);
    expect(observer.events.filter((event) => event === 'miss')).toHaveLength(5);
    expect(observer.events.filter((event) => event === 'shared')).toHaveLength(4);
  });

  it('computes anew when the time of an answer is over', async () => {
    await cache.getOrCompute('key', compute);
    nowMs += TTL_MS - 1;
    expect((await cache.getOrCompute('key', compute)).origin).toBe('cache');
    nowMs += 1;
    expect((await cache.getOrCompute('key', compute)).origin).toBe('computed');
  });

  it('never keeps a failure', async () => {
    compute.mockRejectedValueOnce(new Error('no model'));
    await expect(cache.getOrCompute('key', compute)).rejects.toThrow('no model');
    expect(await cache.findStale('key')).toBeUndefined();
    expect((await cache.getOrCompute('key', compute)).origin).toBe('computed');
  });

  it('has the answer past its time for when a new one cannot be made, and says how old it is', async () => {
    await cache.getOrCompute('key', compute);
    nowMs += TTL_MS + 12_400;
    compute.mockRejectedValue(new Error('no model'));
    await expect(cache.getOrCompute('key', compute)).rejects.toThrow('no model');
    expect(await cache.findStale('key')).toEqual({ value: 'computed', ageSeconds: 72 });
    nowMs += STALE_MS;
    expect(await cache.findStale('key')).toBeUndefined();
  });

  it('does not say that an answer is from the future when the clock was set back', async () => {
    await cache.getOrCompute('key', compute);
    nowMs -= 60_000;
    expect(await cache.findStale('key')).toEqual({ value: 'computed', ageSeconds: 0 });
  });

  it('keeps what it is given', async () => {
    expect(await cache.keep('key', 'given')).toBe(true);
    expect((await cache.getOrCompute('key', compute)).value).toBe('given');
    expect(await cache.keep('key', 'x'.repeat(1001))).toBe(false);
  });

  it('ends answers made at the same time at different times, none later than promised', async () => {
    cache = newCache(0.2);
    compute.mockRejectedValue(new Error('not stored'));
    await Promise.all(Array.from({ length: 1000 }, async (_, index) => cache.keep(`key ${index}`, 'x')));
    const freshAfter = async (ms: number): Promise<number> => {
      nowMs += ms;
      const answers = Array.from({ length: 1000 }, async (_, index) => cache.getOrCompute(`key ${index}`, compute));
      const settled = await Promise.allSettled(answers);
      nowMs -= ms;
      return settled.filter(({ status }) => status === 'fulfilled').length;
    };
    expect(await freshAfter(0.8 * TTL_MS - 1)).toBe(1000);
    expect(await freshAfter(0.9 * TTL_MS)).toBeGreaterThan(350);
    expect(await freshAfter(0.9 * TTL_MS)).toBeLessThan(650);
    expect(await freshAfter(TTL_MS)).toBe(0);
  });

  it('lets a caller leave, while the answer is computed and kept for the others', async () => {
    const leaving = new AbortController();
    const computed = Promise.withResolvers<string>();
    compute.mockReturnValueOnce(computed.promise);
    const first = cache.getOrCompute('key', compute, { signal: leaving.signal });
    const second = cache.getOrCompute('key', compute);
    leaving.abort(new Error('left'));
    await expect(first).rejects.toThrow('left');
    computed.resolve('computed');
    expect(await second).toEqual({ value: 'computed', origin: 'shared' });
    expect(await cache.getOrCompute('key', compute)).toEqual({ value: 'computed', origin: 'cache' });
  });
});
