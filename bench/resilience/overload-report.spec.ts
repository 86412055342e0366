import type { OpenCounts } from '../load/open-job.js';
import { WORKS } from './heavy-load.js';
import type { Overload } from './overload.js';
import { growthPercent, judgeOverload, recoverySeconds, renderOverload } from './overload-report.js';

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

/** 40 s of five times 1000 a second, in which every promise is just kept. */
function found(all: Partial<OpenCounts> = {}, critical: Partial<OpenCounts> = {}, after = [calm]): Overload {
  const plan = {
    work: WORKS.slow,
    times: 5,
    loadMs: 40_000,
    unloadedMs: 1000,
    afterwardsMs: 10_000,
    closedMs: 1000,
    heatUpMs: 1,
  };
  const overloaded = Array.from({ length: 160 }, () => counts({ offered: 1250, answered: 200, refused: 1050 }));
  return {
    plan,
    closed: [8, 16].map((connections) => ({ connections, requestsPerSecond: 1000 - connections + 8, p99Ms: 20 })),
    unloaded: counts({ offered: 100, answered: 100, answeredP99Ms: 5 }),
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
const broken = (overload: Overload) => judgeOverload(overload).filter(({ kept }) => !kept);

describe('judgeOverload', () => {
  it('accepts what just keeps every promise', () => {
    expect(judgeOverload(found())).toHaveLength(6);
    expect(broken(found())).toEqual([]);
  });

  it.each([
    ['goodput', found({ answered: 35_999 })],
    ['critical requests answered', found({}, { answered: 19_999 })],
    ['p99 of critical requests', found({}, { answeredP99Ms: 15.1 })],
    ['p99 of refusals', found({ refusedP99Ms: 10.1 })],
    ['until all is as before', found({}, {}, [])],
    ['growth of memory', { ...found(), rssMb: [1, 100, 100, 100, 100, 100, 100, 111, 111, 111] }],
  ])('names what is broken: %s', (words, overload) => {
    expect(broken(overload).map(({ promise }) => promise)).toEqual([expect.stringContaining(words)]);
  });

  it('does not judge memory before heaps have their size', () => {
    const overload = found();
    const short = { ...overload, plan: { ...overload.plan, loadMs: 5000 } };
    expect(judgeOverload(short).map(({ promise }) => promise)).not.toContainEqual(expect.stringContaining('memory'));
  });
});

describe('recoverySeconds', () => {
  const refusing = counts({ offered: 125, answered: 124, refused: 1 });
  const slow = { ...calm, answeredP99Ms: 15.1 };

  it('is the time until nothing is refused any more and answers are fast', () => {
    expect(recoverySeconds(found({}, {}, [calm, calm]))).toBe(0);
    expect(recoverySeconds(found({}, {}, [refusing, calm, refusing, slow, calm, slow]))).toBe(1);
  });

  it('is endless when that does not come', () => {
    expect(recoverySeconds(found({}, {}, [calm, refusing]))).toBe(Infinity);
    expect(recoverySeconds(found({}, {}, [slow, slow]))).toBe(Infinity);
  });
});

describe('growthPercent', () => {
  it('compares the end with the middle, not with the beginning', () => {
    expect(growthPercent([1, 1, 100, 100, 100, 9, 9, 105, 105, 105])).toBeCloseTo(5);
  });
});

describe('renderOverload', () => {
  it('gives rates, not numbers of requests', () => {
    expect(renderOverload(found())).toContain('| 5 times the capacity | 5000 | 900 | 4100 | 0 | 5 | 10 | 1 | 10 |');
  });
});
