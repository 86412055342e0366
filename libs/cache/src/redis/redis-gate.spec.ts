import { RedisGateClosedError } from '../cache.errors.js';
import { CooldownGate } from './redis-gate.js';

const COOLDOWN_MS = 1000;

describe('CooldownGate', () => {
  let gate: CooldownGate;
  const works = jest.fn(() => Promise.resolve('answer'));
  const fails = jest.fn(async () => {
    jest.advanceTimersByTime(1);
    await Promise.reject(new Error('broken'));
  });

  beforeEach(() => {
    jest.useFakeTimers();
    jest.clearAllMocks();
    gate = new CooldownGate({ failures: 3, cooldownMs: COOLDOWN_MS });
  });
  afterEach(() => jest.useRealTimers());

  const failThrice = async (): Promise<void> => {
    for (let time = 0; time < 3; time++) {
      jest.advanceTimersByTime(1);
      await expect(gate.execute(fails)).rejects.toThrow('broken');
    }
  };

  it('lets everything through while all is well, and a few failures', async () => {
    await expect(gate.execute(fails)).rejects.toThrow('broken');
    await expect(gate.execute(fails)).rejects.toThrow('broken');
    expect(await gate.execute(works)).toBe('answer');
    await expect(gate.execute(fails)).rejects.toThrow('broken');
    expect(await gate.execute(works)).toBe('answer');
  });

  it('asks nothing after some failures in a row, until it has rested', async () => {
    await failThrice();
    await expect(gate.execute(works)).rejects.toThrow(RedisGateClosedError);
    jest.advanceTimersByTime(COOLDOWN_MS - 1);
    await expect(gate.execute(works)).rejects.toThrow(RedisGateClosedError);
    expect(works).not.toHaveBeenCalled();
    jest.advanceTimersByTime(1);
    expect(await gate.execute(works)).toBe('answer');
    expect(await gate.execute(works)).toBe('answer');
  });

  it('takes what failed at the same time for one failure', async () => {
    const together = await Promise.allSettled(Array.from({ length: 64 }, () => gate.execute(fails)));
    expect(together.every(({ status }) => status === 'rejected')).toBe(true);
    expect(await gate.execute(works)).toBe('answer');
  });

  it('makes one trial at a time', async () => {
    await failThrice();
    jest.advanceTimersByTime(COOLDOWN_MS);
    const { promise, resolve } = Promise.withResolvers<string>();
    const trial = gate.execute(() => promise);
    await expect(gate.execute(works)).rejects.toThrow(RedisGateClosedError);
    resolve('answer');
    expect(await trial).toBe('answer');
    expect(await gate.execute(works)).toBe('answer');
  });

  it('rests again after a trial that failed', async () => {
    await failThrice();
    jest.advanceTimersByTime(COOLDOWN_MS);
    await expect(gate.execute(fails)).rejects.toThrow('broken');
    await expect(gate.execute(works)).rejects.toThrow(RedisGateClosedError);
    jest.advanceTimersByTime(COOLDOWN_MS);
    expect(await gate.execute(works)).toBe('answer');
  });

  it('opens at once when Redis is known to be back', async () => {
    await failThrice();
    gate.open();
    expect(await gate.execute(works)).toBe('answer');
  });
});
