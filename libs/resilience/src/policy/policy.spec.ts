import {
  BulkheadFullError,
  CallCancelledError,
  CircuitOpenError,
  DeadlineExceededError,
  DependencyTimeoutError,
} from '../resilience.errors.js';
import { Policy } from './policy.js';
import type { PolicyOptions } from './policy.options.js';
import type { PolicyObserver } from './policy-observer.js';

class CallerMistake extends Error {}

describe('Policy', () => {
  let told: string[];

  beforeEach(() => {
    told = [];
    jest.useFakeTimers();
  });

  afterEach(() => jest.useRealTimers());

  function policy(options: PolicyOptions): Policy {
    const observer: PolicyObserver = {
      onStateChange: ({ from, to }) => told.push(`${from} -> ${to}`),
      onRejected: (_policy, reason) => told.push(`rejected: ${reason}`),
      onRetry: (_policy, { operation, attempt, delayMs }) =>
        told.push(`${operation} attempt ${attempt} after ${delayMs}`),
      onRetryBudgetEmpty: () => told.push('budget empty'),
      onTimeout: (_policy, stage) => told.push(`timeout: ${stage}`),
      onFallback: (_policy, error) => told.push(`fallback: ${(error as Error).message}`),
    };
    const classify = (error: unknown) => (error instanceof CallerMistake ? ('caller' as const) : undefined);
    const clock = { now: () => performance.now(), random: () => 0.5 };
    return new Policy('model', { classify, ...options }, { observer, clock });
  }

  const answer = async (): Promise<string> => 'answer';
  const failing = (error: unknown = new Error('no')) =>
    jest.fn(async (): Promise<string> => {
      throw error as Error;
    });
  const afterMs = (ms: number) => () => new Promise<string>((resolve) => setTimeout(() => resolve('late'), ms));

  /** What a promise ends with, after time has passed. */
  async function outcome(promise: Promise<unknown>, waitMs = 0): Promise<unknown> {
    const caught = promise.catch((error: unknown) => error);
    await jest.advanceTimersByTimeAsync(waitMs);
    return caught;
  }

  it('hands through what the work gives and what it throws', async () => {
    const mistake = new CallerMistake('bad input');
    const plain = policy({});
    expect(await plain.execute(answer)).toBe('answer');
    await expect(plain.execute(failing(mistake))).rejects.toBe(mistake);
  });

  it('turns work that throws at once into a rejection', async () => {
    const subject = policy({ breaker: {}, timeoutMs: 100, bulkhead: { maxConcurrent: 1 } });
    const thrower = (): Promise<string> => {
      throw new Error('at once');
    };
    expect(await outcome(subject.execute(thrower))).toMatchObject({ message: 'at once' });
    expect(await outcome(subject.execute(answer))).toBe('answer');
  });

  describe('with a timeout', () => {
    it('ends an attempt that takes too long, aborts its work and counts a failure', async () => {
      const subject = policy({ timeoutMs: 100, breaker: {} });
      let given: AbortSignal | undefined;
      const call = subject.execute((signal) => {
        given = signal;
        return afterMs(500)();
      });
      const error = await outcome(call, 110);
      expect(error).toBeInstanceOf(DependencyTimeoutError);
      expect(error).toMatchObject({ stage: 'model', message: '"model" did not answer within 100 ms.' });
      expect(given?.aborted).toBe(true);
      expect(given?.reason).toBe(error);
      expect(subject.breaker?.stats()).toMatchObject({ failed: 1, timedOut: 1 });
      expect(told).toEqual(['timeout: model']);
    });

    it('leaves no timer behind', async () => {
      const subject = policy({ timeoutMs: 100 });
      await outcome(subject.execute(answer), 10);
      expect(jest.getTimerCount()).toBe(0);
    });

    it('is not troubled by a failure that comes after the end', async () => {
      const subject = policy({ timeoutMs: 100 });
      const work = () => new Promise<string>((_, reject) => setTimeout(() => reject(new Error('late')), 200));
      expect(await outcome(subject.execute(work), 300)).toBeInstanceOf(DependencyTimeoutError);
    });
  });

  describe('with a deadline', () => {
    it('does not begin what is too late', async () => {
      const work = failing();
      const error = await outcome(policy({}).execute(work, { deadlineMs: performance.now() - 1 }));
      expect(error).toBeInstanceOf(DeadlineExceededError);
      expect(error).toMatchObject({ code: 'DEADLINE_EXCEEDED', stage: 'model' });
      expect(work).not.toHaveBeenCalled();
    });

    it('does not begin what cannot finish in time, until it has doubts', async () => {
      const subject = policy({});
      for (let k = 0; k < 300; k++) await outcome(subject.execute(afterMs(100)), 100);
      const tooLate = () => outcome(subject.execute(answer, { deadlineMs: performance.now() + 50 }));
      expect(await tooLate()).toMatchObject({ code: 'DEADLINE_EXCEEDED', remainingMs: 50 });
      expect(told).toEqual(['timeout: model', 'rejected: deadline']);
      for (let k = 0; k < 10; k++) await tooLate();
      expect(await tooLate()).toBe('answer');
    });

    it('ends the call when it passes, and does not blame the dependency', async () => {
      const subject = policy({ timeoutMs: 1000, breaker: {} });
      const error = await outcome(subject.execute(afterMs(500), { deadlineMs: performance.now() + 50 }), 60);
      expect(error).toMatchObject({ code: 'DEADLINE_EXCEEDED', stage: 'model' });
      expect(subject.breaker?.stats()).toMatchObject({ total: 1, failed: 0 });
    });
  });

  it('ends within 5 ms when the caller leaves, and aborts the work', async () => {
    const subject = policy({ breaker: {} });
    const caller = new AbortController();
    let given: AbortSignal | undefined;
    const work = (signal: AbortSignal): Promise<string> => {
      given = signal;
      return afterMs(500)();
    };
    const call = subject.execute(work, { signal: caller.signal, fallback: answer });
    caller.abort();
    expect(await outcome(call, 5)).toBeInstanceOf(CallCancelledError);
    expect(given?.aborted).toBe(true);
    expect(subject.breaker?.stats().failed).toBe(0);
    expect(await outcome(subject.execute(answer, { signal: caller.signal }))).toBeInstanceOf(CallCancelledError);
  });

  describe('with retries', () => {
    it('tries again after growing pauses, and gives the last error', async () => {
      const work = failing();
      expect(await outcome(policy({ retry: {} }).execute(work, { operation: 'predict' }), 400)).toMatchObject({
        message: 'no',
      });
      expect(work).toHaveBeenCalledTimes(3);
      expect(told).toEqual(['predict attempt 2 after 100', 'predict attempt 3 after 200']);
    });

    it('gives the answer of the attempt that succeeds', async () => {
      const work = failing().mockRejectedValueOnce(new Error('once')).mockResolvedValueOnce('answer');
      expect(await outcome(policy({ retry: {} }).execute(work), 200)).toBe('answer');
    });

    it.each([
      ['a mistake of the caller', new CallerMistake()],
      ['a refusal', new BulkheadFullError('inner', 1, 1)],
      ['an open circuit', new CircuitOpenError('inner', 1)],
    ])('does not try again after %s', async (_, error) => {
      const work = failing(error);
      expect(await outcome(policy({ retry: {} }).execute(work), 1000)).toBe(error);
      expect(work).toHaveBeenCalledTimes(1);
    });

    it('does not repeat work that must not be done twice', async () => {
      const work = failing();
      await outcome(policy({ retry: {} }).execute(work, { idempotent: false }), 1000);
      expect(work).toHaveBeenCalledTimes(1);
    });

    it('never tries again past the deadline', async () => {
      const work = failing();
      const deadlineMs = performance.now() + 250;
      await outcome(policy({ retry: {} }).execute(work, { deadlineMs }), 1000);
      expect(work).toHaveBeenCalledTimes(2);
    });

    it('waits as long as the error asks for, or not at all when that is too long', async () => {
      const patient = failing(Object.assign(new Error('busy'), { retryAfterSeconds: 2 }));
      await outcome(policy({ retry: { maxAttempts: 2 } }).execute(patient), 3000);
      expect(told).toEqual(['model attempt 2 after 2000']);
      const endless = failing(Object.assign(new Error('busy'), { retryAfterSeconds: 60 }));
      await outcome(policy({ retry: {} }).execute(endless), 100_000);
      expect(endless).toHaveBeenCalledTimes(1);
    });

    it('tries again at most a tenth of the calls', async () => {
      const subject = policy({ retry: { budgetMinimum: 0 } });
      for (let k = 0; k < 80; k++) await subject.execute(answer);
      const calls = Array.from({ length: 20 }, () => outcome(subject.execute(failing()), 400));
      await Promise.all(calls);
      expect(told.filter((line) => line.includes('attempt'))).toHaveLength(10);
      expect(told).toContain('budget empty');
    });

    it('counts the calls of the last ten seconds for that', async () => {
      const subject = policy({ retry: { budgetMinimum: 0 } });
      for (let k = 0; k < 80; k++) await subject.execute(answer);
      await jest.advanceTimersByTimeAsync(10_001);
      await outcome(subject.execute(failing()), 400);
      expect(told.filter((line) => line.includes('attempt'))).toEqual([]);
    });

    it('does not multiply the attempts of a policy further in', async () => {
      const work = failing();
      const [outer, inner] = [policy({ retry: {} }), policy({ retry: {} })];
      await outcome(
        outer.execute(() => inner.execute(work)),
        5000,
      );
      expect(work).toHaveBeenCalledTimes(3);
    });

    it('does not try a circuit that has opened meanwhile', async () => {
      const work = failing();
      const subject = policy({ retry: {}, breaker: { failureThreshold: 2 } });
      expect(await outcome(subject.execute(work), 1000)).toBeInstanceOf(CircuitOpenError);
      expect(work).toHaveBeenCalledTimes(2);
      expect(told).toContain('rejected: circuit_open');
    });

    it('gives up the pause when the caller leaves', async () => {
      const caller = new AbortController();
      const call = policy({ retry: {} }).execute(failing(), { signal: caller.signal });
      await jest.advanceTimersByTimeAsync(10);
      caller.abort();
      expect(await outcome(call, 5)).toBeInstanceOf(CallCancelledError);
    });
  });

  describe('with a bulkhead', () => {
    const bulkhead = { maxConcurrent: 2, maxWaiting: 1, maxWaitMs: 50 };

    it('runs so many, lets so many wait, and refuses the rest with numbers', async () => {
      const subject = policy({ bulkhead });
      const calls = [10, 20, 30].map((ms) => subject.execute(afterMs(ms)));
      expect(subject).toMatchObject({ running: 2, waiting: 1 });
      expect(await outcome(subject.execute(answer))).toMatchObject({
        code: 'BULKHEAD_FULL',
        message: '"model" takes no more calls: 2 run and 1 wait.',
      });
      expect(told).toEqual(['rejected: bulkhead']);
      expect(await outcome(Promise.all(calls), 100)).toEqual(['late', 'late', 'late']);
      expect(subject).toMatchObject({ running: 0, waiting: 0 });
    });

    it('refuses whoever has waited too long', async () => {
      const subject = policy({ bulkhead });
      for (let k = 0; k < 2; k++) void subject.execute(afterMs(500));
      expect(await outcome(subject.execute(answer), 55)).toBeInstanceOf(BulkheadFullError);
      expect(subject.waiting).toBe(0);
    });

    it('lets nobody wait past the deadline or after the caller has left', async () => {
      const subject = policy({ bulkhead });
      for (let k = 0; k < 2; k++) void subject.execute(afterMs(500));
      const late = await outcome(subject.execute(answer, { deadlineMs: performance.now() + 20 }), 25);
      expect(late).toMatchObject({ code: 'DEADLINE_EXCEEDED', stage: 'model.bulkhead' });
      const caller = new AbortController();
      const call = subject.execute(answer, { signal: caller.signal });
      caller.abort();
      expect(await outcome(call, 5)).toBeInstanceOf(CallCancelledError);
      expect(told).toContain('timeout: model.bulkhead');
    });

    it('has places for what is urgent, as many again, and for nothing else', async () => {
      const subject = policy({ bulkhead });
      for (let k = 0; k < 2; k++) void subject.execute(afterMs(500));
      const waiting = subject.execute(answer);
      const urgent = [1, 2].map(() => subject.execute(afterMs(10), { isUrgent: true }));
      expect(subject).toMatchObject({ running: 4, waiting: 1 });
      expect(await outcome(subject.execute(answer, { isUrgent: true }))).toBeInstanceOf(BulkheadFullError);
      expect(await outcome(Promise.all(urgent), 10)).toEqual(['late', 'late']);
      expect(subject).toMatchObject({ running: 2, waiting: 1 });
      expect(await outcome(waiting, 50)).toBeInstanceOf(BulkheadFullError);
    });

    it('gives a place for what is urgent to what is urgent and waits', async () => {
      const subject = policy({ bulkhead: { maxConcurrent: 1, maxWaiting: 2, maxWaitMs: 1000 } });
      void subject.execute(afterMs(500));
      void subject.execute(afterMs(10), { isUrgent: true });
      void subject.execute(answer);
      const urgent = subject.execute(answer, { isUrgent: true });
      expect(subject).toMatchObject({ running: 2, waiting: 2 });
      expect(await outcome(urgent, 10)).toBe('answer');
      expect(subject).toMatchObject({ running: 1, waiting: 1 });
    });

    it('gives places in order of arrival', async () => {
      const subject = policy({ bulkhead: { maxConcurrent: 1, maxWaiting: 3, maxWaitMs: 1000 } });
      const order: number[] = [];
      const calls = [0, 1, 2, 3].map((k) =>
        subject.execute(async () => {
          order.push(k);
          return afterMs(10)();
        }),
      );
      await outcome(Promise.all(calls), 100);
      expect(order).toEqual([0, 1, 2, 3]);
    });
  });

  describe('with a fallback', () => {
    it.each([
      ['a failure', new Error('no')],
      ['a refusal', new CircuitOpenError('inner', 1)],
    ])('answers after %s', async (_, error) => {
      const fallback = jest.fn(() => 'instead');
      expect(await outcome(policy({}).execute(failing(error), { fallback }))).toBe('instead');
      expect(fallback).toHaveBeenCalledWith(error);
      expect(told).toEqual([`fallback: ${error.message}`]);
    });

    it('does not paper over a mistake of the caller', async () => {
      const mistake = new CallerMistake();
      expect(await outcome(policy({}).execute(failing(mistake), { fallback: () => 'instead' }))).toBe(mistake);
    });

    it('may fail itself', async () => {
      const call = policy({}).execute(failing(), { fallback: () => Promise.reject(new Error('nor I')) });
      expect(await outcome(call)).toMatchObject({ message: 'nor I' });
    });
  });

  it('takes no wait in the queue of a dependency for slowness', async () => {
    const subject = policy({ breaker: { slowCallMs: 100, slowCallRate: 1, minimumCalls: 2 } });
    await outcome(subject.execute(afterMs(200)), 200);
    const laterMs = performance.now() + 190;
    await outcome(subject.execute(afterMs(200), { begunMs: () => laterMs }), 200);
    expect(subject.breaker?.stats().window).toEqual({ calls: 2, failures: 0, slow: 1 });
  });

  it('takes its parts in the fixed order', async () => {
    const subject = policy({
      bulkhead: { maxConcurrent: 1 },
      timeoutMs: 50,
      retry: { maxAttempts: 2 },
      breaker: { failureThreshold: 2, openMs: 1000 },
    });
    const first = subject.execute(afterMs(500), { fallback: () => 'first instead' });
    const second = subject.execute(answer, { fallback: () => 'second instead' });
    expect(await outcome(Promise.all([first, second]), 300)).toEqual(['first instead', 'second instead']);
    expect(told).toEqual([
      'rejected: bulkhead',
      'fallback: "model" takes no more calls: 1 run and 0 wait.',
      'timeout: model',
      'model attempt 2 after 100',
      'closed -> open',
      'timeout: model',
      'fallback: "model" did not answer within 50 ms.',
    ]);
  });
});
