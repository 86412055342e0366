import { RecentDurations } from './recent-durations.js';

describe('RecentDurations', () => {
  it('has quantiles of 0 before anything was added', () => {
    expect(new RecentDurations(4).quantiles([0.5, 0.99])).toEqual([0, 0]);
  });

  it('gives the duration that a share of them does not exceed', () => {
    const durations = new RecentDurations(100);
    for (let hundredth = 100; hundredth >= 1; hundredth--) {
      durations.add(hundredth / 100);
    }
    expect(durations.quantiles([0.5, 0.95, 0.99, 1])).toEqual([0.5, 0.95, 0.99, 1]);
  });

  it('forgets the oldest', () => {
    const durations = new RecentDurations(2);
    [9, 1, 2].forEach((seconds) => durations.add(seconds));
    expect(durations.quantiles([1])).toEqual([2]);
  });
});
