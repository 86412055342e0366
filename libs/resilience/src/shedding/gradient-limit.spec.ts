import { VirtualClock } from '../../test-support/virtual-clock.js';
import { GradientLimit } from './gradient-limit.js';
import { WorkCost } from './work-cost.js';

describe('GradientLimit that knows what a call costs the workers', () => {
  const clock = new VirtualClock();
  let limit: GradientLimit;
  let lowest: number;

  function limitFor(callMs: number): void {
    const cost = new WorkCost(1);
    cost.note(callMs);
    limit = new GradientLimit({ minLimit: 64, cost }, clock);
    live({ tookMs: callMs + 1, seconds: 3, inflight: 1 });
    lowest = limit.limit;
  }

  /** So many seconds in which answers take so long. */
  function live({ tookMs, seconds, inflight }: { tookMs: number; seconds: number; inflight?: number }): void {
    for (let k = 0; k < seconds * 1000; k++) {
      clock.advance(1);
      limit.onAnswer(clock.nowMs - tookMs, inflight ?? limit.probedLimit, clock.nowMs);
      lowest = Math.min(lowest, limit.probedLimit);
    }
  }

  it('stays at the floor where calls are cheap, however long the server takes for other reasons', () => {
    limitFor(0.2);
    live({ tookMs: 100, seconds: 10 });
    expect(lowest).toBe(64);
  });

  it('goes down to what workers can do in 60 ms where calls are dear', () => {
    limitFor(2);
    live({ tookMs: 100, seconds: 3 });
    expect(lowest).toBe(30);
  });

  it('goes no further than an eighth of the floor', () => {
    limitFor(100);
    live({ tookMs: 1000, seconds: 10 });
    expect(lowest).toBe(8);
  });

  it('gives back room for a long queue while nobody uses it', () => {
    limitFor(2);
    expect(limit.limit).toBe(30);
  });

  it('keeps room for many cheap calls while nobody uses it', () => {
    limitFor(0.1);
    live({ tookMs: 1, seconds: 5 });
    live({ tookMs: 1, seconds: 5, inflight: 1 });
    expect(limit.limit).toBe(600);
  });
});
