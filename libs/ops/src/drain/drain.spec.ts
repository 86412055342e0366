import type { ProcessLog } from '../logging/log.js';
import { Drain, type DrainStep } from './drain.js';

// Jest's timers stand in for the global ones alone.
jest.mock('node:timers/promises', () => ({
  setTimeout: (ms: number, value: unknown) => new Promise((resolve) => setTimeout(resolve, ms, value)),
}));

const TIMEOUT_MS = 30_000;

const hang = () => new Promise(() => undefined);

const said: string[] = [];
const say = (message: string, { step }: { step?: string } = {}) =>
  void said.push(step ? `${message}: ${step}` : message);
const log = { info: say, warning: say, error: say, flush: () => Promise.resolve() } as unknown as ProcessLog;

/** Ends as it is asked to, and gives the exit code. */
async function drain(...steps: Partial<DrainStep>[]): Promise<number> {
  const ended = new Promise<number>((resolve) => {
    jest.spyOn(process, 'exit').mockImplementation((code) => resolve(Number(code)) as never);
  });
  const drain = new Drain(log, { timeoutMs: TIMEOUT_MS });
  drain.watchSignals();
  drain.attach({
    steps: steps.map((step, k) => ({ name: `step ${k}`, whenLate: 'late', run: () => Promise.resolve(), ...step })),
  });
  process.emit('SIGTERM');
  await jest.advanceTimersByTimeAsync(TIMEOUT_MS);
  return ended;
}

describe('Drain', () => {
  beforeEach(() => {
    jest.useFakeTimers();
    said.splice(0);
  });
  afterEach(() => {
    jest.useRealTimers();
    process.removeAllListeners('SIGTERM').removeAllListeners('SIGINT');
    jest.restoreAllMocks();
  });

  it('does one step after the other', async () => {
    expect(await drain({}, {})).toBe(0);
    expect(said.slice(1)).toEqual(['Drain step done: step 0', 'Drain step done: step 1', 'Stopped']);
  });

  it('leaves time to the steps behind one that does not end, and says that somebody went without', async () => {
    expect(await drain({ run: hang, leavesTime: true, isLossWhenLate: true }, {})).toBe(1);
    expect(said.slice(1)).toEqual(['late: step 0', 'Drain step done: step 1']);
  });

  it('ends when time is over', async () => {
    expect(await drain({ run: hang }, {})).toBe(0);
    expect(said.slice(1)).toEqual(['late: step 0']);
  });

  it('goes on behind a step that fails', async () => {
    expect(await drain({ run: () => Promise.reject(new Error('broken')) }, {})).toBe(1);
    expect(said.slice(1)).toEqual(['Stopping failed: step 0', 'Drain step done: step 1']);
  });
});
