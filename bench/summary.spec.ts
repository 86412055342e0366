import type { Measurement } from './measurement.js';
import type { Bracketed } from './rounds.js';
import { spreadOf, summarise, versus } from './summary.js';

const measurement = (requestsPerSecond: number): Measurement => {
  return { requestsPerSecond, p50Ms: 1, p99Ms: 2, cpuUs: 10, cores: 1, rssMb: 100, generatorCores: 0.5, otherCores: 0 };
};
const bracketed = (server: string, round: number, [before, value, after]: [number, number, number]): Bracketed => ({
  server,
  round,
  measured: measurement(value),
  referenceBefore: measurement(before),
  referenceAfter: measurement(after),
});
const scenario = { texts: 'different', connections: 64 } as const;

describe('spreadOf', () => {
  it('knows the middle one of an odd count, and the mean of the two middle ones of an even count', () => {
    expect(spreadOf([9, 1, 4])).toEqual({ median: 4, min: 1, max: 9 });
    expect(spreadOf([9, 1, 4, 6])).toEqual({ median: 5, min: 1, max: 9 });
  });
});

describe('summarise', () => {
  it('divides each round by the mean of the reference before and after it', () => {
    const rounds = [bracketed('falcon', 0, [900, 500, 1100]), bracketed('falcon', 1, [2000, 1200, 2000])];
    const { servers } = summarise(scenario, rounds, ['falcon']);
    expect(servers[0]?.ratios.requestsPerSecond).toEqual({ median: 0.55, min: 0.5, max: 0.6 });
    expect(servers[0]?.values.requestsPerSecond).toEqual({ median: 850, min: 500, max: 1200 });
  });

  it('counts a reference measurement between two servers once', () => {
    const shared = measurement(3000);
    const first = { ...bracketed('a', 0, [1000, 1, 0]), referenceAfter: shared };
    const second = { ...bracketed('b', 0, [0, 1, 2000]), referenceBefore: shared };
    expect(summarise(scenario, [first, second], ['a', 'b']).reference.requestsPerSecond.median).toBe(2000);
  });
});

describe('versus', () => {
  it('compares two servers round by round, free of the drift of the machine', () => {
    const rounds = [
      bracketed('falcon', 0, [1000, 500, 1000]),
      bracketed('naive', 0, [1000, 100, 1000]),
      bracketed('naive', 1, [3000, 300, 3000]),
      bracketed('falcon', 1, [4000, 2400, 4000]),
    ];
    expect(versus(rounds, 'requestsPerSecond', 'falcon', 'naive')).toEqual({
      median: expect.closeTo(5.5),
      min: expect.closeTo(5),
      max: expect.closeTo(6),
    });
  });
});
