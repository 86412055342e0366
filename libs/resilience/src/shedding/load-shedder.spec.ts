import * as fc from 'fast-check';
import { SimulatedServer, type Phase } from '../../test-support/simulated-server.js';
import { VirtualClock } from '../../test-support/virtual-clock.js';
import type { GradientLimitOptions } from './gradient-limit.js';
import { LoadShedder, type Permit, type Refusal } from './load-shedder.js';
import { PRIORITIES, type Priority } from './priority.js';
import { WorkCost } from './work-cost.js';

const MIX = { critical: 0.1, high: 0.1, normal: 0.5, low: 0.3 };

describe('LoadShedder', () => {
  let clock: VirtualClock;

  beforeEach(() => {
    clock = new VirtualClock();
  });

  const fixed = (maxInflight: number) => new LoadShedder({ limit: { kind: 'fixed', maxInflight }, clock });
  const adaptive = (options: GradientLimitOptions = {}) =>
    new LoadShedder({ limit: { kind: 'adaptive', options }, clock });

  describe('in front of a simulated server', () => {
    const load = (times: number, seconds: number, change: Partial<Phase> = {}): Phase => {
      const { workers = 50, serviceMs = 50 } = change;
      const capacity = (workers * 1000) / serviceMs;
      return { seconds, arrivalsPerSecond: times * capacity, workers, serviceMs, mix: MIX, ...change };
    };
    const simulate = (phases: Phase[], seed: number) => new SimulatedServer(adaptive(), clock, seed).run(phases);

    it.each([1, 2, 3])('finds the capacity within a fifth, from above and from below (seed %i)', (seed) => {
      const [fromBelow, , fromAbove] = simulate([load(5, 20), load(0.5, 10), load(5, 40)], seed);
      for (const { limit, answeredPerSecond } of [fromBelow, fromAbove].flatMap((result) => result ?? [])) {
        expect(answeredPerSecond).toBeGreaterThan(0.95 * 1000);
        expect(limit).toBeGreaterThan(0.8 * 50);
        expect(limit).toBeLessThan(1.2 * 50);
      }
    });

    it.each([
      [20, 20],
      [100, 100],
      [100, 20],
    ])('keeps all of %i workers busy that take %i ms each, at five times their capacity', (workers, serviceMs) => {
      const [, result] = simulate([load(5, 10, { workers, serviceMs }), load(5, 10, { workers, serviceMs })], 1);
      expect(result?.answeredPerSecond).toBeGreaterThan((0.95 * workers * 1000) / serviceMs);
      expect(result?.p99Ms.normal).toBeLessThan(3 * serviceMs);
    });

    it.each([1, 2, 3])('keeps the queue of a slow worker short, and the worker busy (seed %i)', (seed) => {
      const cost = new WorkCost(1);
      const server = new SimulatedServer(adaptive({ minLimit: 64, cost }), clock, seed, cost);
      const slow = { workers: 1, serviceMs: 5 };
      const [, overload] = server.run([load(5, 20, slow), load(5, 20, slow)]);
      expect(overload?.answeredPerSecond).toBeGreaterThan(0.95 * 200);
      expect(overload?.limit).toBeLessThan(2 * 12); // what takes 60 ms, and some headroom; 64 would be a queue of 320 ms
    });

    it('answers every critical request in time at five times the capacity', () => {
      const [calm, overload] = simulate([load(0.5, 10), load(5, 30)], 1);
      expect(overload?.refused.critical).toBe(0);
      expect(overload?.arrived.critical).toBeGreaterThan(14_000);
      expect(overload?.p99Ms.critical).toBeLessThan(3 * (calm?.p99Ms.critical ?? 0));
    });

    it('refuses the less important first, and starves none', () => {
      const [overload] = simulate([load(5, 15)], 1);
      const answered = PRIORITIES.map((p) => 1 - (overload?.refused[p] ?? 0) / (overload?.arrived[p] ?? 1));
      expect(answered).toEqual(answered.toSorted((a, b) => a - b));
      expect(answered[0]).toBeGreaterThan(0.01);
    });

    it('lends low priority everything that nobody else wants', () => {
      const [result] = simulate([load(5, 15, { mix: { low: 1 } })], 1);
      expect(result?.answeredPerSecond).toBeGreaterThan(0.95 * 1000);
    });

    it('refuses nobody a second after the overload, and is as quick as before it', () => {
      const [before, , , after] = simulate([load(0.5, 10), load(5, 15), load(0.5, 1), load(0.5, 10)], 1);
      expect(after?.refusals).toEqual([]);
      expect(after?.p99Ms.normal).toBeLessThan(1.1 * (before?.p99Ms.normal ?? 0));
    });

    it('refuses nobody below the capacity', () => {
      const [result] = simulate([load(0.9, 30)], 1);
      expect(result?.refusals.length).toBeLessThan(0.001 * 27_000);
    });

    it('follows a server that loses half of its workers and gets them back', () => {
      const full = load(5, 20);
      const [, half, again] = simulate([full, { ...full, workers: 25 }, full], 1);
      expect(half?.answeredPerSecond).toBeGreaterThan(0.95 * 500);
      expect(half?.limit).toBeLessThan(0.75 * 50);
      expect(again?.answeredPerSecond).toBeGreaterThan(0.95 * 1000);
    });

    it('follows a server that becomes slower, without taking that for a queue for ever', () => {
      const full = load(5, 20);
      const [, slower] = simulate([full, { ...full, serviceMs: 100, seconds: 40 }], 1);
      expect(slower?.answeredPerSecond).toBeGreaterThan(0.9 * 500);
    });

    it('tells the refused to stay away for longer the more of them there are', () => {
      const last = (refusals: Refusal[] = []): number => refusals.at(-1)?.retryAfterSeconds ?? 0;
      const [twice, tenfold] = simulate([load(2, 5), load(10, 5)], 1);
      expect(last(twice?.refusals)).toBeLessThanOrEqual(3);
      expect(last(tenfold?.refusals)).toBeGreaterThanOrEqual(8);
      expect(last(tenfold?.refusals)).toBeLessThanOrEqual(12);
    });
  });

  it.each([
    [5, 1],
    [1000, 4],
    [5000, 16],
  ])('tells a burst after a quiet time, in which requests took %i ms, to come back within %i s', (tookMs, seconds) => {
    const shedder = fixed(64);
    for (let k = 0; k < 60; k++) {
      clock.advance(1000);
      const permit = shedder.acquire('normal') as Permit;
      clock.advance(tookMs);
      permit.release('answered');
    }
    const burst = Array.from({ length: 200 }, () => shedder.acquire('normal'));
    const refused = burst.filter((each): each is Refusal => !each.admitted);
    expect(refused).toHaveLength(136);
    expect(Math.max(...refused.map(({ retryAfterSeconds }) => retryAfterSeconds))).toBe(seconds);
  });

  it('stays within floor and ceiling', () => {
    const floor = adaptive({ minLimit: 4, initialLimit: 8, maxLimit: 12, windowCalls: 1 });
    for (let round = 1; round < 200; round++) {
      const permits = Array.from({ length: 8 }, () => floor.acquire('critical'));
      clock.advance(round < 100 ? 100 * round : 100);
      permits.forEach((permit) => permit.admitted && permit.release('answered'));
      expect(floor.limit).toBeGreaterThanOrEqual(4);
      expect(floor.limit).toBeLessThanOrEqual(12);
    }
  });

  it('lets in fewer after requests ran out of time', () => {
    const shedder = adaptive({ initialLimit: 100 });
    for (let k = 0; k < 10; k++) {
      const permit = shedder.acquire('normal') as Permit;
      clock.advance(100);
      permit.release('dropped');
    }
    expect(shedder.limit).toBeLessThan(40);
  });

  it('lets in no fewer after requests whose callers gave them less time than any takes', () => {
    const shedder = adaptive({ initialLimit: 100, maxLimit: 100 });
    const end = (outcome: 'answered' | 'dropped', tookMs: number) => {
      const permit = shedder.acquire('normal') as Permit;
      clock.advance(tookMs);
      permit.release(outcome);
    };
    for (let k = 0; k < 100; k++) end('answered', 50); // the time that requests take is known
    for (let k = 0; k < 100; k++) {
      end('answered', 50);
      end('dropped', 45);
    }
    expect(shedder.limit).toBe(100);
    for (let k = 0; k < 100; k++) {
      end('answered', 50);
      end('dropped', 60);
    }
    expect(shedder.limit).toBeLessThan(40);
  });

  it('learns nothing from requests that ended for other reasons', () => {
    const shedder = adaptive({ windowCalls: 1 });
    for (let k = 0; k < 100; k++) {
      const permit = shedder.acquire('normal') as Permit;
      clock.advance(1000 * (k % 7));
      permit.release('ignored');
    }
    expect(shedder.limit).toBe(64);
  });

  it('never lets more in than a fixed limit, and counts to the last one, whatever happens', () => {
    const step = fc.record({
      priority: fc.constantFrom<Priority>(...PRIORITIES),
      end: fc.option(fc.nat({ max: 30 })),
      waitMs: fc.integer({ min: 0, max: 700 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        clock = new VirtualClock();
        const shedder = fixed(10);
        const under: Permit[] = [];
        for (const { priority, end, waitMs } of steps) {
          clock.advance(waitMs);
          const permit = shedder.acquire(priority);
          if (permit.admitted) under.push(permit);
          for (const done of end === null ? [] : under.splice(end, 1)) {
            done.release('answered');
            done.release('answered');
          }
          expect(shedder.inflight).toBe(under.length);
          expect(under.length).toBeLessThanOrEqual(10);
        }
      }),
    );
  });

  it('tells who would be refused, and gives no place away by that', () => {
    const shedder = new LoadShedder({ limit: { kind: 'fixed', maxInflight: 1 }, clock });
    for (let k = 0; k < 3; k++) expect(shedder.refusal('normal')).toBeUndefined();
    expect(shedder.inflight).toBe(0);
    expect(shedder.acquire('normal').admitted).toBe(true);
    expect(shedder.refusal('normal')).toMatchObject({ admitted: false, reason: 'limit' });
    expect(shedder.acquire('normal')).toMatchObject({ admitted: false });
    expect(shedder.refusals.get('normal')).toMatchObject({ limit: 2 });
  });

  it('keeps places of a fixed limit for those who were refused, and lends them when they stay away', () => {
    const shedder = fixed(10);
    const low = Array.from({ length: 10 }, () => shedder.acquire('low') as Permit);
    expect(low.every(({ admitted }) => admitted)).toBe(true);
    expect(shedder.acquire('critical').admitted).toBe(false);
    low[0]?.release('answered');
    expect(shedder.acquire('low').admitted).toBe(false);
    expect(shedder.acquire('critical').admitted).toBe(true);
    clock.advance(2000);
    low[1]?.release('answered');
    expect(shedder.acquire('low').admitted).toBe(true);
  });

  it('refuses by pressure whatever the limit says, but nothing critical', () => {
    const pressure = { level: 0, reason: 'memory' as const };
    const shedder = new LoadShedder({ limit: { kind: 'fixed', maxInflight: 100 }, pressure, clock });
    const admitted = () => PRIORITIES.filter((priority) => shedder.acquire(priority).admitted);
    expect(admitted()).toEqual(['low', 'normal', 'high', 'critical']);
    pressure.level = 2;
    expect(admitted()).toEqual(['high', 'critical']);
    pressure.level = 3;
    expect(admitted()).toEqual(['critical']);
    expect(shedder.acquire('low')).toMatchObject({ reason: 'memory' });
    expect(shedder.refusals.get('low')).toEqual({ limit: 0, event_loop: 0, memory: 3 });
  });
});
