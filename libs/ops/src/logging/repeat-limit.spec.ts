import { RepeatLimit } from './repeat-limit.js';

describe('RepeatLimit', () => {
  const heldBack: [string, number][] = [];
  let limit: RepeatLimit;

  beforeEach(() => {
    jest.useFakeTimers();
    heldBack.length = 0;
    limit = new RepeatLimit({ times: 2, windowMs: 1000 }, (...told) => heldBack.push(told));
  });
  afterEach(() => jest.useRealTimers());

  const say = (key: string, times: number) => Array.from({ length: times }, () => limit.admits(key));

  it('lets the same thing be said so often in a window, and tells how often it was held back', () => {
    expect(say('a', 5)).toEqual([true, true, false, false, false]);
    expect(heldBack).toEqual([]);
    jest.advanceTimersByTime(1000);
    expect(heldBack).toEqual([['a', 3]]);
    expect(say('a', 3)).toEqual([true, true, false]);
    jest.advanceTimersByTime(1000);
    expect(heldBack).toEqual([
      ['a', 3],
      ['a', 1],
    ]);
  });

  it('counts each thing by itself, and tells nothing of those that were not held back', () => {
    say('a', 3);
    expect(say('b', 2)).toEqual([true, true]);
    jest.advanceTimersByTime(1000);
    expect(heldBack).toEqual([['a', 1]]);
  });

  it('tells at once when asked to, for a process that ends', () => {
    say('a', 4);
    limit.endWindow();
    expect(heldBack).toEqual([['a', 2]]);
    jest.advanceTimersByTime(5000);
    expect(heldBack).toHaveLength(1);
  });

  it('does not remember more than a bounded number of things', () => {
    for (let k = 0; k < 5000; k++) {
      expect(limit.admits(`message ${k}`)).toBe(true);
    }
    expect(say('message 4999', 5)).toEqual(Array(5).fill(true)); // one too many to count
    expect(say('message 0', 2)).toEqual([true, false]);
  });
});
