import fc from 'fast-check';
import { LatencyHistogram } from './latency-histogram.js';

function histogramOf(latenciesMs: number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const latency of latenciesMs) histogram.record(latency);
  return histogram;
}

describe('LatencyHistogram', () => {
  it('keeps short latencies to the microsecond', () => {
    const histogram = histogramOf([0.001, 0.002, 0.003, 0.1]);
    expect([0.25, 0.5, 0.75, 1].map((share) => histogram.percentileMs(share))).toEqual([0.001, 0.002, 0.003, 0.1]);
  });

  it('is at most 1.6 % above the percentile of the sorted list, and never below', () => {
    const latencies = fc.array(fc.double({ min: 0, max: 60_000, noNaN: true }), { minLength: 1, maxLength: 300 });
    const share = fc.double({ min: 0.01, max: 1, noNaN: true });
    fc.assert(
      fc.property(latencies, share, (list, wanted) => {
        const us = list.map((ms) => Math.round(ms * 1000)).toSorted((a, b) => a - b);
        const exact = (us[Math.ceil(wanted * us.length) - 1] ?? 0) / 1000;
        const found = histogramOf(list).percentileMs(wanted);
        expect(found).toBeGreaterThanOrEqual(exact);
        expect(found).toBeLessThanOrEqual(exact * (1 + 1 / 64) + 1e-9);
      }),
    );
  });

  it('knows the largest latency exactly', () => {
    expect(histogramOf([3, 12_345.678, 4]).maxMs()).toBe(12_345.678);
  });

  it('has no percentile when nothing was recorded, nor after clear()', () => {
    const histogram = histogramOf([1, 2]);
    histogram.clear();
    expect(histogram.count).toBe(0);
    expect(histogram.percentileMs(0.5)).toBeNaN();
  });
});
