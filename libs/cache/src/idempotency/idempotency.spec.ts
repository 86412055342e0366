import { RecordingObserver } from '../../test-support/recording-observer.js';
import type { HeldClaim } from './held-claim.js';
import { Idempotency, type IdempotencyOutcome } from './idempotency.js';
import type { ClaimOutcome } from './idempotency-store.js';
import { MemoryIdempotencyStore } from './memory-idempotency-store.js';

const OPTIONS = { ttlMs: 60_000, leaseMs: 3000, maxHoldMs: 30_000, maxBodyLength: 1000 };
const request = { tenant: 'acme', route: 'POST /infer', key: 'order-12', fingerprint: 'f' };

/** The claim of a request that may run. */
function claimOf(outcome: IdempotencyOutcome): HeldClaim {
  if (outcome.state !== 'claimed' && outcome.state !== 'unavailable') {
    throw new Error(`It is ${outcome.state}.`);
  }
  return outcome.claim;
}

describe('Idempotency', () => {
  let observer: RecordingObserver;
  let idempotency: Idempotency;

  beforeEach(() => {
    jest.useFakeTimers();
    observer = new RecordingObserver();
    idempotency = new Idempotency(new MemoryIdempotencyStore({ maxBytes: 1_000_000 }), OPTIONS, observer);
  });
  afterEach(() => jest.useRealTimers());

  it('runs the first, refuses the next while it runs, and replays its answer then', async () => {
    const first = await idempotency.begin(request);
    expect(first.state).toBe('claimed');
    expect(await idempotency.begin(request)).toEqual({ state: 'in-flight', retryAfterSeconds: 1 });
    expect(await claimOf(first).complete(200, '{}')).toBe(true);
    expect(await idempotency.begin(request)).toEqual({ state: 'replay', answer: { status: 200, body: '{}' } });
    expect(observer.events).toEqual(['idempotency miss', 'conflict in_flight', 'idempotency hit']);
  });

  it('runs one of many that come at the same time', async () => {
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => idempotency.begin(request)));
    expect(outcomes.filter(({ state }) => state === 'claimed')).toHaveLength(1);
    expect(outcomes.filter(({ state }) => state === 'in-flight')).toHaveLength(49);
  });

  it('refuses the same key with another body', async () => {
    await idempotency.begin(request);
    expect(await idempotency.begin({ ...request, fingerprint: 'g' })).toEqual({ state: 'mismatch' });
    expect(observer.events).toEqual(['idempotency miss', 'conflict mismatch']);
  });

  it.each([
    { tenant: 'other' },
    { route: 'POST /infer/batch' },
    { key: 'order-13' },
    { tenant: 'acmePOST', route: ' /infer' },
  ])('keeps keys apart by %j', async (difference) => {
    await idempotency.begin(request);
    expect((await idempotency.begin({ ...request, ...difference })).state).toBe('claimed');
  });

  it('lets the request run when what is stored can be no answer to it', async () => {
    await claimOf(await idempotency.begin(request)).complete(200, 'forged');
    const isAnswer = (body: string) => body !== 'forged';
    const outcome = await idempotency.begin({ ...request, isAnswer });
    expect(outcome.state).toBe('unavailable');
    expect(await claimOf(outcome).complete(200, 'an answer')).toBe(false);
    expect(observer.events.slice(1)).toEqual(['error check_idempotency', 'fallback idempotency_skip']);
  });

  it('runs the next after a refusal, which is not stored', async () => {
    await claimOf(await idempotency.begin(request)).release();
    expect((await idempotency.begin(request)).state).toBe('claimed');
  });

  it('does not store an answer that is too long, and lets the next run', async () => {
    expect(await claimOf(await idempotency.begin(request)).complete(200, 'x'.repeat(1001))).toBe(false);
    expect((await idempotency.begin(request)).state).toBe('claimed');
  });

  it('ends a claim once: what comes later does nothing', async () => {
    const claim = claimOf(await idempotency.begin(request));
    await claim.release();
    const next = claimOf(await idempotency.begin(request));
    expect(await claim.complete(200, 'late')).toBe(false);
    await claim.release();
    expect(await next.complete(200, 'in time')).toBe(true);
    await next.release();
    expect(await idempotency.begin(request)).toMatchObject({ answer: { body: 'in time' } });
  });

  it('renews the claim of a request that takes longer than a lease', async () => {
    const claim = claimOf(await idempotency.begin(request));
    await jest.advanceTimersByTimeAsync(5 * OPTIONS.leaseMs);
    expect((await idempotency.begin(request)).state).toBe('in-flight');
    await claim.complete(200, '{}');
    expect(jest.getTimerCount()).toBe(0);
  });

  it('does not renew a claim for ever whose owner never ends it', async () => {
    await idempotency.begin(request);
    await jest.advanceTimersByTimeAsync(OPTIONS.maxHoldMs + 2 * OPTIONS.leaseMs);
    expect((await idempotency.begin(request)).state).toBe('claimed');
  });

  it('lets the request run while the store is away, and stores its answer if it is back by then', async () => {
    const store = new MemoryIdempotencyStore({ maxBytes: 1_000_000 });
    const away = jest.spyOn(store, 'claim').mockResolvedValue({ state: 'unavailable' } satisfies ClaimOutcome);
    idempotency = new Idempotency(store, OPTIONS, observer);
    const outcome = await idempotency.begin(request);
    expect(outcome.state).toBe('unavailable');
    expect(observer.events).toEqual(['fallback idempotency_skip']);
    away.mockRestore();
    expect(await claimOf(outcome).complete(200, '{}')).toBe(true);
    expect((await idempotency.begin(request)).state).toBe('replay');
  });
});
