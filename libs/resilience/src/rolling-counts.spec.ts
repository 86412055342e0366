import * as fc from 'fast-check';
import { RollingCounts } from './rolling-counts.js';

describe('RollingCounts', () => {
  it('counts what is younger than nine tenths of the window and nothing that is older than the window', () => {
    const step = fc.record({ waitMs: fc.integer({ min: 0, max: 1500 }), series: fc.integer({ min: 0, max: 1 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const counts = new RollingCounts(2, 1000, 0);
        const added: { atMs: number; series: number }[] = [];
        let nowMs = 0;
        for (const { waitMs, series } of steps) {
          nowMs += waitMs;
          counts.add(series, nowMs);
          added.push({ atMs: nowMs, series });
          for (const each of [0, 1]) {
            const within = (ageMs: number): number =>
              added.filter((one) => one.series === each && nowMs - one.atMs < ageMs).length;
            expect(counts.of(each, nowMs)).toBeGreaterThanOrEqual(within(900));
            expect(counts.of(each, nowMs)).toBeLessThanOrEqual(within(1000));
          }
        }
      }),
    );
  });

  it('forgets everything when it is cleared', () => {
    const counts = new RollingCounts(1, 1000, 0);
    counts.add(0, 0);
    counts.clear();
    expect(counts.of(0, 0)).toBe(0);
  });
});
