import { jittered } from './backoff.js';

describe('the wait before another attempt', () => {
  const BACKOFF = { baseMs: 101, capMs: 5000 };

  it.each([
    [1, 101],
    [2, 202],
    [5, 1616],
    [7, 5000],
    [1000, 5000],
  ])('before attempt %i is half to one and a half of %i ms, in whole milliseconds', (attempt, middleMs) => {
    const waits = Array.from({ length: 200 }, () => jittered(BACKOFF, attempt));
    expect(waits.every(Number.isInteger)).toBe(true);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(Math.floor(middleMs / 2));
    expect(Math.max(...waits)).toBeLessThanOrEqual(Math.ceil(middleMs * 1.5));
    expect(new Set(waits).size).toBeGreaterThan(10);
  });
});
