import type { Drain, DrainSample } from './drain.js';
import { type BracketedDrain, growthPercent, judgeDrains, renderDrains } from './drain-report.js';

const sample = (progress: number, apiRssMb: number, workerRssMb = 200): DrainSample => {
  return { progress, apiRssMb, workerRssMb, postgresRssMb: 300, redisRssMb: 20 };
};
const flat = [0.1, 0.3, 0.5, 0.7, 0.9, 1].map((progress) => sample(progress, 300));
const bracketed = (queue: 'redis' | 'postgres', rowsPerSecond: number, samples = flat): BracketedDrain => {
  const cpuUs = { api: 1, worker: 2, postgres: 3, redis: 4 };
  const drain: Drain = { rowsPerSecond, samples, healthP99Ms: 5, healthMaxMs: 9, cpuUs, otherCores: 0.1 };
  return { queue, drain, referenceBefore: 40_000, referenceAfter: 60_000 };
};
const broken = (drains: BracketedDrain[], records = 5_000_000) =>
  judgeDrains(drains, records).flatMap(({ kept, promise }) => (kept ? [] : [promise]));

describe('judgeDrains', () => {
  it('accepts drains that just keep every promise', () => {
    const drains = [bracketed('redis', 25_000), bracketed('postgres', 12_000)];
    expect(judgeDrains(drains, 5_000_000)).toHaveLength(7);
    expect(broken(drains)).toEqual([]);
  });

  it('holds each queue against its own limit, and Redis against the reference of its own minute', () => {
    expect(broken([bracketed('redis', 24_999), bracketed('postgres', 11_999)])).toEqual([
      expect.stringContaining('Redis >= 25000 rows/s'),
      expect.stringContaining('Redis, to plain unnest >= 0.5 x'),
      expect.stringContaining('Postgres >= 12000 rows/s'),
    ]);
  });

  it('takes the median of the rounds', () => {
    expect(broken([10_000, 30_000, 31_000].map((rate) => bracketed('redis', rate)))).toEqual([]);
  });

  it('says which process grows, but not of a backlog that is gone before heaps have their size', () => {
    const growing = flat.map((each) => ({ ...each, workerRssMb: 200 + each.progress * 60 }));
    const drains = [bracketed('redis', 30_000, growing)];
    expect(broken(drains)).toEqual([expect.stringContaining("growth of the worker's memory")]);
    expect(broken(drains, 300_000)).toEqual([]);
  });
});

describe('growthPercent', () => {
  it('compares the beginning with the end', () => {
    const samples = [sample(0.05, 50), sample(0.25, 100), sample(0.35, 102), sample(0.6, 500), sample(0.85, 111.1)];
    expect(growthPercent(samples, 'apiRssMb')).toBeCloseTo(10);
  });
});

describe('renderDrains', () => {
  it('shows the rate with its spread, and the memory at each tenth', () => {
    const markdown = renderDrains([bracketed('redis', 30_000), bracketed('redis', 40_000)]);
    expect(markdown).toContain('| Redis | 35000 (30000..40000) | 0.7 (0.6..0.8) | 5 (9) | 1 | 2 | 3 | 4 | 0.1 |');
    expect(markdown).toContain('| Redis | 100 % | 300 | 200 | 300 | 20 |');
  });
});
