import type { OpenCounts } from '../load/open-job.js';
import { WORKS } from './heavy-load.js';
import type { Overload, OverloadPlan, OverloadRound } from './overload.js';
import { goodput, growthPercent, judgeOverload, recoverySeconds, renderOverload } from './overload-report.js';

const counts = (given: Partial<OpenCounts>): OpenCounts => ({
  offered: 0,
  answered: 0,
  refused: 0,
  timedOut: 0,
  failed: 0,
  answeredP50Ms: 5,
  answeredP99Ms: 10,
  refusedP50Ms: 1,
  refusedP99Ms: 10,
  ...given,
});
const calm = counts({ offered: 125, answered: 125 });

const plan: OverloadPlan = {
  work: WORKS.slow,
  rounds: 3,
  patienceMs: 1,
  times: 5,
  loadMs: 40_000,
  unloadedMs: 1000,
  afterwardsMs: 10_000,
  closedMs: 1000,
  heatUpMs: 1,
};
const able = (perSecond: number, answeredP99Ms: number) => ({
  closed: [8, 16].map((connections) => ({ connections, requestsPerSecond: perSecond - connections + 8, p99Ms: 20 })),
  unloaded: counts({ offered: 100, answered: 100, answeredP99Ms }),
});

/** 40 s of five times 1000 a second, in which every promise is just kept. */
function round(all: Partial<OpenCounts> = {}, critical: Partial<OpenCounts> = {}, after = [calm]): OverloadRound {
  const overloaded = Array.from({ length: 160 }, () => counts({ offered: 1250, answered: 200, refused: 1050 }));
  return {
    before: able(800, 4),
    after: able(1200, 6),
    loaded: {
      phases: [
        {
          all: counts({ offered: 200_000, answered: 36_000, refused: 164_000, ...all }),
          critical: counts({ offered: 20_000, answered: 20_000, answeredP99Ms: 15, ...critical }),
        },
        { all: counts({ offered: 5000, answered: 5000 }), critical: counts({}) },
      ],
      slices: [...overloaded, ...after],
      lateP99Ms: 1,
      generatorCpuMs: 1,
    },
    rssMb: [100, 300, 300, 300, 300, 320, 320, 329, 329, 329],
    eventLoop: { p50Ms: 1, p99Ms: 3, maxMs: 9 },
  };
}
const found = (...rounds: OverloadRound[]): Overload => ({ plan, rounds });
const broken = (overload: Overload) => judgeOverload(overload).filter(({ kept }) => !kept);

describe('judgeOverload', () => {
  it('accepts what just keeps every promise', () => {
    expect(judgeOverload(found(round()))).toHaveLength(6);
    expect(broken(found(round()))).toEqual([]);
  });

  it.each([
    ['goodput', round({ answered: 35_999 })],
    ['critical requests answered', round({}, { answered: 19_999 })],
    ['p99 of critical requests', round({}, { answeredP99Ms: 15.1 })],
    ['p99 of refusals', round({ refusedP99Ms: 10.1 })],
    ['until all is as before', round({}, {}, [])],
    ['growth of memory', { ...round(), rssMb: [1, 100, 100, 100, 100, 100, 100, 111, 111, 111] }],
  ])('names what is broken: %s', (words, bad) => {
    expect(broken(found(bad)).map(({ promise }) => promise)).toEqual([expect.stringContaining(words)]);
  });

  it('takes the median over the rounds', () => {
    const slow = round({}, { answeredP99Ms: 40 });
    expect(broken(found(round(), slow, round()))).toEqual([]);
    expect(broken(found(slow, round(), slow))).toHaveLength(1);
  });

  it('forgives no critical request that was refused in any round', () => {
    expect(broken(found(round(), round({}, { answered: 19_999 }), round()))).toHaveLength(1);
  });

  it('does not judge memory before heaps have their size', () => {
    const short = { ...found(round()), plan: { ...plan, loadMs: 5000 } };
    expect(judgeOverload(short).map(({ promise }) => promise)).not.toContainEqual(expect.stringContaining('memory'));
  });
});

describe('goodput', () => {
  it('is held against what the server could do before and after, because a shared machine changes its speed', () => {
    expect(goodput(plan, round())).toBeCloseTo(0.9);
    expect(goodput(plan, { ...round(), before: able(1200, 4) })).toBeCloseTo(0.75);
  });
});

describe('recoverySeconds', () => {
  const refusing = counts({ offered: 125, answered: 124, refused: 1 });
  const slow = { ...calm, answeredP99Ms: 15.1 };

  it('is the time until nothing is refused any more and answers are fast', () => {
    expect(recoverySeconds(plan, round({}, {}, [calm, calm]))).toBe(0);
    expect(recoverySeconds(plan, round({}, {}, [refusing, calm, refusing, slow, calm, slow]))).toBe(1);
  });

  it('is endless when that does not come', () => {
    expect(recoverySeconds(plan, round({}, {}, [calm, refusing]))).toBe(Infinity);
    expect(recoverySeconds(plan, round({}, {}, [slow, slow]))).toBe(Infinity);
  });
});

describe('growthPercent', () => {
  it('compares the end with the middle, not with the beginning', () => {
    expect(growthPercent([1, 1, 100, 100, 100, 9, 9, 105, 105, 105])).toBeCloseTo(5);
  });
});

describe('renderOverload', () => {
  it('gives rates, not numbers of requests', () => {
    expect(renderOverload(found(round()))).toContain(
      '| 5 times the capacity | 5000 | 900 | 4100 | 0 | 5 | 10 | 1 | 10 |',
    );
  });
});
