import * as fc from 'fast-check';
import { VirtualClock } from '../../test-support/virtual-clock.js';
import { GradientLimit } from './gradient-limit.js';
import { LoadShedder, type Permit } from './load-shedder.js';
import { PRIORITIES, type Priority } from './priority.js';

const BOUNDS = { minLimit: 8, maxLimit: 200, initialLimit: 32 };

/** Answers of one kind: how long each takes, how many at once, and how many of them. */
interface Spell {
  tookMs: number;
  inflight: number;
  answers: number;
  drops: boolean;
}

const spell: fc.Arbitrary<Spell> = fc.record({
  tookMs: fc.double({ min: 0, max: 5000, noNaN: true }),
  inflight: fc.integer({ min: 1, max: 400 }),
  answers: fc.integer({ min: 0, max: 200 }),
  drops: fc.boolean(),
});

/** Ends in the middle of a probe: the time that calls take alone is measured in a mixture, and is right only from the next probe on. */
const MIXED_PROBE: Spell[] = [
  { tookMs: 0, inflight: 1, answers: 100, drops: false },
  { tookMs: 1086, inflight: 32, answers: 94, drops: false },
  { tookMs: 0, inflight: 1, answers: 110, drops: true },
  { tookMs: 0, inflight: 1, answers: 5, drops: false },
];

/** Answers that follow each other as fast as so many at once can. */
function live(limit: GradientLimit, clock: VirtualClock, { tookMs, inflight, answers, drops }: Spell): void {
  for (let k = 0; k < answers; k++) {
    clock.advance(Math.max(1, tookMs / inflight));
    if (drops && k % 10 === 9) limit.onDrop(clock.nowMs - tookMs, clock.nowMs);
    else limit.onAnswer(clock.nowMs - tookMs, inflight, clock.nowMs);
  }
}

describe('GradientLimit, whatever it is told', () => {
  const clock = new VirtualClock();

  it('stays between its bounds, and a probe below it but never below the floor', () => {
    fc.assert(
      fc.property(fc.array(spell, { maxLength: 30 }), (spells) => {
        const subject = new GradientLimit(BOUNDS, clock);
        for (const each of spells) {
          live(subject, clock, each);
          expect(subject.limit).toBeGreaterThanOrEqual(BOUNDS.minLimit);
          expect(subject.limit).toBeLessThanOrEqual(BOUNDS.maxLimit);
          expect(subject.probedLimit).toBeGreaterThanOrEqual(BOUNDS.minLimit);
          expect(subject.probedLimit).toBeLessThanOrEqual(subject.limit);
        }
      }),
    );
  });

  it('does not grow while less than half of it is used', () => {
    fc.assert(
      fc.property(fc.array(spell, { maxLength: 30 }), (spells) => {
        const subject = new GradientLimit(BOUNDS, clock);
        for (const each of spells) {
          const before = subject.limit;
          live(subject, clock, { ...each, inflight: Math.min(each.inflight, BOUNDS.minLimit / 2 - 1) });
          expect(subject.limit).toBeLessThanOrEqual(before);
        }
      }),
    );
  });

  it('finds its way back after anything: up while answers are as quick as ever, down while they are not', () => {
    fc.assert(
      fc.property(fc.array(spell, { maxLength: 10 }), fc.integer({ min: 1, max: 50 }), (spells, aloneMs) => {
        const subject = new GradientLimit(BOUNDS, clock);
        for (const each of spells) live(subject, clock, each);
        // As quick as alone, in a crowd that fills the limit, for a minute: room for all that the bounds allow.
        const backMs = clock.nowMs + 60_000;
        while (clock.nowMs < backMs) {
          const inflight = subject.probedLimit;
          live(subject, clock, { tookMs: aloneMs, inflight, answers: inflight, drops: false });
        }
        expect(subject.limit).toBeGreaterThan(BOUNDS.maxLimit / 2);
        // Time grows with the crowd from here on: what more than 20 at once get is queueing.
        for (let k = 0; k < 200; k++) {
          const inflight = subject.probedLimit;
          live(subject, clock, { tookMs: aloneMs * Math.max(1, inflight / 20), inflight, answers: 50, drops: false });
        }
        expect(subject.limit).toBeLessThan(BOUNDS.maxLimit);
      }),
      { numRuns: 30, examples: [[MIXED_PROBE, 40]] },
    );
  });
});

/** How far over the limit a priority may fill the server, and its share, within which it may whatever others do. */
const BOUNDARIES = {
  low: { ceiling: 0.9, share: 0.05 },
  normal: { ceiling: 1, share: 0.25 },
  high: { ceiling: 1.1, share: 0.2 },
  critical: { ceiling: 4, share: 0.5 },
};

describe('LoadShedder with an adaptive limit, whatever comes', () => {
  it('counts what is under way, and lets no priority over its ceiling', () => {
    const step = fc.record({
      priority: fc.constantFrom(...PRIORITIES),
      come: fc.integer({ min: 0, max: 50 }),
      end: fc.integer({ min: 0, max: 50 }),
      waitMs: fc.integer({ min: 0, max: 50 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const clock = new VirtualClock();
        const shedder = new LoadShedder({ limit: { kind: 'adaptive', options: BOUNDS }, clock });
        const under: { priority: Priority; permit: Permit }[] = [];
        for (const { priority, come, end, waitMs } of steps) {
          clock.advance(waitMs);
          for (let k = 0; k < come; k++) {
            const { limit, inflight } = shedder;
            const own = under.filter((other) => other.priority === priority).length;
            const permit = shedder.acquire(priority);
            if (permit.admitted) under.push({ priority, permit });
            const { ceiling, share } = BOUNDARIES[priority];
            const mayPass = inflight < ceiling * limit || own < share * limit;
            const mustPass = inflight < limit / 4;
            expect(permit.admitted ? mayPass : !mustPass).toBe(true);
            expect(permit.admitted || permit.retryAfterSeconds >= 1).toBe(true);
          }
          for (const { permit } of under.splice(0, end)) permit.release('answered');
          expect(shedder.inflight).toBe(under.length);
        }
      }),
    );
  });
});
