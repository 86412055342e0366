import { VirtualClock } from '../../test-support/virtual-clock.js';
import {
  BulkheadFullError,
  CallCancelledError,
  CircuitOpenError,
  DependencyTimeoutError,
} from '../resilience.errors.js';
import { Breaker } from './breaker.js';
import type { BreakerOptions } from './breaker.options.js';

class CallerMistake extends Error {}
class OutOfTime extends Error {}

describe('Breaker', () => {
  let clock: VirtualClock;
  let changes: string[];

  beforeEach(() => {
    clock = new VirtualClock();
    changes = [];
  });

  function breaker(options: BreakerOptions = {}): Breaker {
    return new Breaker('redis', options, {
      clock,
      classify: (error) =>
        error instanceof CallerMistake ? 'caller' : error instanceof OutOfTime ? 'refusal' : undefined,
      onStateChange: (from, to, reason) => changes.push(`${from} -> ${to}: ${reason}`),
    });
  }

  const succeed = (on: Breaker, tookMs = 0): Promise<unknown> =>
    on.run({
      start: async () => {
        clock.advance(tookMs);
      },
    });
  const fail = async (on: Breaker, error: Error = new Error('no'), tookMs = 0): Promise<unknown> =>
    on
      .run({
        start: async () => {
          clock.advance(tookMs);
          throw error;
        },
      })
      .catch((caught: unknown) => caught);

  /** A call that ends when the test says so. */
  function pending(on: Breaker) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const ended = on.run({ start: () => promise }).catch((error: unknown) => error);
    return { resolve, reject, ended };
  }

  async function opened(options: BreakerOptions = {}): Promise<Breaker> {
    const subject = breaker(options);
    for (let k = 0; k < 5; k++) await fail(subject);
    return subject;
  }

  async function halfOpened(options: BreakerOptions = {}): Promise<Breaker> {
    const subject = await opened(options);
    clock.advance(60_000);
    return subject;
  }

  it('stays forced open for longer than any timer', async () => {
    jest.useFakeTimers();
    const subject = breaker();
    subject.forceOpen();
    jest.advanceTimersByTime(2 ** 31);
    for (let k = 0; k < 2; k++) await expect(succeed(subject)).rejects.toBeInstanceOf(CircuitOpenError);
    subject.reset();
    jest.useRealTimers();
    await succeed(subject);
  });

  it('opens at the fifth failure in a row and says when it may close', async () => {
    const subject = await opened();
    expect(changes).toEqual(['closed -> open: 5 consecutive failures']);
    clock.advance(20_500);
    const error = await fail(subject);
    expect(error).toBeInstanceOf(CircuitOpenError);
    expect(error).toMatchObject({ code: 'CIRCUIT_OPEN', policy: 'redis', retryAfterSeconds: 40 });
    expect(Error.stackTraceLimit).toBeGreaterThan(0); // refusals are made without a stack, and only they
  });

  it('begins to count anew after a success', async () => {
    const subject = breaker({ failureRate: 1, minimumCalls: 1000 });
    for (let round = 0; round < 10; round++) {
      for (let k = 0; k < 4; k++) await fail(subject);
      await succeed(subject);
    }
    expect(subject.state).toBe('closed');
  });

  it('opens when half of at least 20 calls of the window failed', async () => {
    const subject = breaker();
    for (let k = 0; k < 9; k++) {
      await fail(subject);
      await succeed(subject);
    }
    await succeed(subject);
    expect(subject.state).toBe('closed');
    await fail(subject);
    expect(changes).toEqual(['closed -> open: 10 of 20 calls failed']);
  });

  it('forgets failures that have left the window', async () => {
    const subject = breaker({ failureThreshold: 1000 });
    for (let k = 0; k < 19; k++) await fail(subject);
    clock.advance(11_000);
    await fail(subject);
    expect(subject.stats().window).toEqual({ calls: 1, failures: 1, slow: 0 });
    expect(subject.state).toBe('closed');
  });

  it('opens when too many calls are slow, although they succeed', async () => {
    const subject = breaker({ slowCallMs: 100, slowCallRate: 0.5, minimumCalls: 4 });
    for (let k = 0; k < 2; k++) await succeed(subject, 10);
    for (let k = 0; k < 2; k++) await succeed(subject, 100);
    expect(changes).toEqual(['closed -> open: 2 of 4 calls took 100 ms or more']);
  });

  it('does not count what is no fault of the dependency', async () => {
    const subject = breaker();
    for (let k = 0; k < 10; k++) {
      await fail(subject, new CallerMistake());
      await fail(subject, new CallCancelledError('redis'));
      await fail(subject, new BulkheadFullError('redis', 1, 1));
      await fail(subject, Object.assign(new Error('gone'), { name: 'AbortError' }));
    }
    expect(subject.stats()).toMatchObject({ state: 'closed', total: 40, failed: 0, succeeded: 0 });
  });

  it('lets three trial calls through when the open time is over', async () => {
    const subject = await halfOpened();
    const calls = Array.from({ length: 6 }, () => pending(subject));
    expect(await calls[3]?.ended).toBeInstanceOf(CircuitOpenError);
    expect(subject.stats()).toMatchObject({ state: 'half_open', rejected: 3 });
    calls[0]?.resolve();
    calls[1]?.resolve();
    await calls[1]?.ended;
    expect(changes.slice(1)).toEqual([
      'open -> half_open: the open time is over',
      'half_open -> closed: 2 trial calls succeeded',
    ]);
  });

  it('opens again when any trial fails', async () => {
    const subject = await halfOpened();
    await succeed(subject);
    await fail(subject);
    expect(changes.at(-1)).toBe('half_open -> open: a trial call failed');
    clock.advance(59_000);
    expect(subject.state).toBe('open');
    clock.advance(1000);
    expect(subject.state).toBe('half_open');
  });

  it('counts a slow trial as failed', async () => {
    const subject = await halfOpened({ slowCallMs: 100 });
    await succeed(subject, 100);
    expect(subject.state).toBe('open');
  });

  it('gives the place of a cancelled trial to another', async () => {
    const subject = await halfOpened();
    for (let k = 0; k < 10; k++) await fail(subject, new CallCancelledError('redis'));
    await succeed(subject);
    await succeed(subject);
    expect(subject.state).toBe('closed');
  });

  it('opens again when a trial stays unanswered', async () => {
    const subject = await halfOpened({ trialTimeoutMs: 5000 });
    const trial = pending(subject);
    clock.advance(5000);
    expect(subject.state).toBe('open');
    expect(changes.at(-1)).toBe('half_open -> open: a trial call was unanswered for 5000 ms');
    trial.resolve();
    await trial.ended;
    expect(subject.state).toBe('open');
  });

  it('ignores what calls of an earlier state end with', async () => {
    const subject = breaker();
    const late = Array.from({ length: 4 }, () => pending(subject));
    for (let k = 0; k < 5; k++) await fail(subject);
    clock.advance(60_000);
    expect(subject.state).toBe('half_open');
    late[0]?.reject(new Error('late'));
    late[1]?.resolve();
    late[2]?.resolve();
    await Promise.all(late.slice(0, 3).map(({ ended }) => ended));
    expect(subject.state).toBe('half_open');
  });

  it('spreads the open time by its jitter', async () => {
    clock.chance = 0;
    const subject = await opened({ openMs: 10_000, openJitter: 0.2 });
    clock.advance(7999);
    expect(subject.state).toBe('open');
    clock.advance(1);
    expect(subject.state).toBe('half_open');
  });

  it('probes at once when another replica has opened, and only then', async () => {
    const subject = breaker();
    subject.probe('worker-2');
    expect(changes).toEqual(['closed -> half_open: opened on worker-2']);
    for (let k = 0; k < 1; k++) await fail(subject);
    subject.probe('worker-2');
    expect(subject.state).toBe('open');
  });

  it('can be forced open, forced closed, and reset', async () => {
    const subject = breaker();
    subject.forceOpen();
    expect(await fail(subject)).toMatchObject({ code: 'CIRCUIT_OPEN', retryAfterSeconds: 60 });
    clock.advance(1e9);
    expect(subject.state).toBe('forced_open');
    subject.forceClosed();
    for (let k = 0; k < 50; k++) await fail(subject);
    expect(subject.state).toBe('forced_closed');
    subject.reset();
    expect(subject.state).toBe('closed');
    for (let k = 0; k < 5; k++) await fail(subject);
    expect(subject.state).toBe('open');
  });

  it('counts what ran out of its caller’s time as slow, whoever found that out, when it took that long', async () => {
    const subject = breaker({ slowCallMs: 100, slowCallRate: 0.5, minimumCalls: 4 });
    for (let k = 0; k < 10; k++) await fail(subject, new OutOfTime(), 99);
    expect(subject.stats().window).toEqual({ calls: 0, failures: 0, slow: 0 });
    for (let k = 0; k < 4; k++) await fail(subject, new OutOfTime(), 100);
    expect(changes).toEqual(['closed -> open: 4 of 4 calls took 100 ms or more']);
  });

  describe('of a dependency that has a queue', () => {
    const OPTIONS = { slowCallMs: 100, slowCallRate: 0.5, minimumCalls: 4 };

    interface Queued {
      waitMs?: number;
      /** What comes to pass after the wait. */
      meanwhile?: () => Promise<unknown>;
      /** Undefined: it is never begun with. */
      workMs?: number;
      outOfTime?: boolean;
    }

    const queued = async (on: Breaker, { waitMs = 0, meanwhile, workMs, outOfTime }: Queued): Promise<unknown> => {
      let begunMs: number | undefined;
      const start = async () => {
        clock.advance(waitMs);
        await meanwhile?.();
        if (workMs !== undefined) begunMs = clock.nowMs;
        clock.advance(workMs ?? 0);
        if (outOfTime) throw new OutOfTime();
      };
      return on.run({ start }, () => begunMs).catch((error: unknown) => error);
    };

    it('does not count the wait as slow', async () => {
      const subject = breaker(OPTIONS);
      for (let k = 0; k < 10; k++) await queued(subject, { waitMs: 500, workMs: 99 });
      expect(subject.stats()).toMatchObject({ state: 'closed', slow: 0, window: { calls: 10 } });
      for (let k = 0; k < 10; k++) await queued(subject, { workMs: 100 });
      expect(changes).toEqual(['closed -> open: 10 of 20 calls took 100 ms or more']);
    });

    it('does not count what was refused, or ran out of time, before it was begun with', async () => {
      const subject = breaker(OPTIONS);
      for (let k = 0; k < 10; k++) await queued(subject, { waitMs: 500, outOfTime: true });
      expect(subject.stats()).toMatchObject({ state: 'closed', slow: 0, window: { calls: 0 } });
    });

    it('opens when it hangs, however late it has begun with what runs out of time', async () => {
      const subject = breaker(OPTIONS);
      await queued(subject, { workMs: 1 });
      for (let k = 0; k < 4; k++) await queued(subject, { waitMs: 90, workMs: 10, outOfTime: true });
      expect(changes).toEqual(['closed -> open: 3 of 4 calls took 100 ms or more']);
    });

    it('stays closed when what it has begun with late runs out of time, while others are answered', async () => {
      const subject = breaker(OPTIONS);
      const meanwhile = () => queued(subject, { workMs: 1 });
      for (let k = 0; k < 10; k++) await queued(subject, { waitMs: 90, meanwhile, workMs: 10, outOfTime: true });
      expect(subject.stats()).toMatchObject({ state: 'closed', slow: 0 });
    });

    it('gives a trial all the time in the queue, and then its own', async () => {
      const subject = await halfOpened();
      let begunMs: number | undefined;
      const { promise, resolve } = Promise.withResolvers<void>();
      const trial = subject.run({ start: () => promise }, () => begunMs);
      clock.advance(20_000);
      expect(subject.state).toBe('half_open');
      begunMs = clock.nowMs;
      clock.advance(9999);
      expect(subject.state).toBe('half_open');
      clock.advance(1);
      expect(subject.state).toBe('open');
      resolve();
      await trial;
    });
  });

  it('waits for a trial as long as a call may take that is not slow', async () => {
    const subject = await halfOpened({ slowCallMs: 30_000 });
    const trials = [pending(subject), pending(subject)];
    clock.advance(29_999);
    expect(subject.state).toBe('half_open');
    trials.forEach(({ resolve }) => resolve());
    await Promise.all(trials.map(({ ended }) => ended));
    expect(subject.state).toBe('closed');
  });

  it('keeps count of everything', async () => {
    const subject = breaker({ slowCallMs: 50 });
    await succeed(subject);
    await succeed(subject, 70);
    await fail(subject, new DependencyTimeoutError('redis', 10));
    for (let k = 0; k < 4; k++) await fail(subject);
    await fail(subject);
    clock.advance(2000);
    expect(subject.stats()).toEqual({
      policy: 'redis',
      state: 'open',
      timeInStateSeconds: 2,
      total: 8,
      succeeded: 2,
      failed: 5,
      rejected: 1,
      timedOut: 1,
      slow: 1,
      stateChanges: 1,
      consecutiveFailures: 0,
      retryAfterSeconds: 58,
      window: { calls: 0, failures: 0, slow: 0 },
    });
  });

  it('keeps no process alive', async () => {
    const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    await opened();
    expect(process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length).toBe(before);
  });
});
