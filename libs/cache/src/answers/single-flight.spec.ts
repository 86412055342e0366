import { setTimeout as sleep } from 'node:timers/promises';
import { SharedWaitExpiredError } from '../cache.errors.js';
import { SingleFlight } from './single-flight.js';

/** A computation that ends when the test says so. */
function controlled(): {
  compute: (signal: AbortSignal) => Promise<string>;
  finish: (value: string) => void;
  fail: (error: Error) => void;
  signals: AbortSignal[];
} {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const signals: AbortSignal[] = [];
  const compute = (signal: AbortSignal): Promise<string> => {
    signals.push(signal);
    return promise;
  };
  return { compute, finish: resolve, fail: reject, signals };
}

describe('SingleFlight', () => {
  it('computes once for all who ask at the same time', async () => {
    const flights = new SingleFlight<string>();
    const { compute, finish, signals } = controlled();
    const waits = Array.from({ length: 100 }, () => flights.run('key', compute));
    finish('answer');
    expect(new Set(await Promise.all(waits))).toEqual(new Set(['answer']));
    expect(signals).toHaveLength(1);
    expect(signals[0]?.aborted).toBe(false);
    expect(flights.has('key')).toBe(false);
  });

  it('computes different keys apart, and the same key again later', async () => {
    const flights = new SingleFlight<string>();
    const counted = jest.fn((key: string) => Promise.resolve(key));
    await Promise.all(['a', 'b', 'a'].map((key) => flights.run(key, () => counted(key))));
    await flights.run('a', () => counted('a'));
    expect(counted.mock.calls).toEqual([['a'], ['b'], ['a']]);
  });

  it('throws everybody what the computation threw, and tries again for the next', async () => {
    const flights = new SingleFlight<string>();
    const { compute, fail } = controlled();
    const waits = [flights.run('key', compute), flights.run('key', compute)];
    fail(new Error('no model'));
    expect(await Promise.allSettled(waits)).toEqual([
      { status: 'rejected', reason: new Error('no model') },
      { status: 'rejected', reason: new Error('no model') },
    ]);
    expect(await flights.run('key', () => Promise.resolve('again'))).toBe('again');
  });

  it('takes a computation that throws before it waits like one that throws later', async () => {
    const flights = new SingleFlight<string>();
    const broken = (): Promise<string> => {
      throw new Error('at once');
    };
    await expect(flights.run('key', broken)).rejects.toThrow('at once');
    expect(flights.has('key')).toBe(false);
  });

  it('goes on for those who came later when the first one gives up', async () => {
    const flights = new SingleFlight<string>();
    const { compute, finish, signals } = controlled();
    const first = new AbortController();
    const leader = flights.run('key', compute, { signal: first.signal });
    const follower = flights.run('key', compute);
    first.abort(new Error('left'));
    await expect(leader).rejects.toThrow('left');
    expect(signals[0]?.aborted).toBe(false);
    finish('answer');
    expect(await follower).toBe('answer');
  });

  it('ends only the wait of a later one that gives up', async () => {
    const flights = new SingleFlight<string>();
    const { compute, finish } = controlled();
    const second = new AbortController();
    const leader = flights.run('key', compute);
    const follower = flights.run('key', compute, { signal: second.signal });
    second.abort(new Error('left'));
    await expect(follower).rejects.toThrow('left');
    finish('answer');
    expect(await leader).toBe('answer');
  });

  it('calls off the computation when nobody waits any more, and starts anew for the next', async () => {
    const flights = new SingleFlight<string>();
    const { compute, signals } = controlled();
    const leaving = new AbortController();
    const waits = [1, 2].map(() => flights.run('key', compute, { signal: leaving.signal }));
    leaving.abort();
    await Promise.allSettled(waits);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    expect(await flights.run('key', () => Promise.resolve('anew'))).toBe('anew');
  });

  it('ends a wait with its deadline, while others wait on', async () => {
    const flights = new SingleFlight<string>();
    const { compute, finish, signals } = controlled();
    const hasty = flights.run('key', compute, { deadlineMs: performance.now() + 10 });
    const patient = flights.run('key', compute, { deadlineMs: performance.now() + 60_000 });
    await expect(hasty).rejects.toThrow(SharedWaitExpiredError);
    expect(signals[0]?.aborted).toBe(false);
    finish('answer');
    expect(await patient).toBe('answer');
  });

  it('starts nothing for a caller that is late or gone already', async () => {
    const flights = new SingleFlight<string>();
    const { compute, signals } = controlled();
    await expect(flights.run('key', compute, { deadlineMs: performance.now() - 1 })).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
    });
    await expect(flights.run('key', compute, { signal: AbortSignal.abort(new Error('gone')) })).rejects.toThrow('gone');
    expect(signals).toHaveLength(0);
  });

  it('leaves nothing on the signals of callers, which last as long as their connections', async () => {
    const flights = new SingleFlight<string>();
    const connection = new AbortController();
    const added = jest.spyOn(connection.signal, 'addEventListener');
    await flights.run('key', () => sleep(1, 'answer'), { signal: connection.signal });
    expect(added).not.toHaveBeenCalled();
  });
});
