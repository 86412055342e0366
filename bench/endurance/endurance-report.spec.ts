import type { Endurance, EnduranceSample } from './endurance.js';
import { enduranceChart, fittedGrowthPercent, judgeEndurance, renderEndurance } from './endurance-report.js';

/** A run of 90 samples whose memory is as given, from the start to the end. */
function runOf(rssOf: (share: number) => number, changes: Partial<Endurance> = {}): Endurance {
  const samples = Array.from({ length: 90 }, (_, index): EnduranceSample => {
    const mb = rssOf(index / 89);
    const rssMb = { 'worker-1': mb, 'worker-2': mb, 'audit-worker': mb, 'redis-queue': mb, postgres: 2 * mb };
    return { seconds: index * 20, rssMb, p99Ms: 12, lagSeconds: 0.2 };
  });
  const latency = { p50Ms: 2, p95Ms: 5, p99Ms: 12, maxMs: 40 };
  const outcome = { seconds: 1800, requests: 9, answered: 9, failedPercent: 0, endings: { 200: 9 }, ...latency };
  const verified = { answers: 16, missing: 0, double: 0 };
  return { samples, outcome, verified, firedAlerts: [], dropped: 0, ...changes };
}

const broken = (run: Endurance) =>
  judgeEndurance(run)
    .filter(({ kept }) => !kept)
    .map(({ promise }) => promise);

describe('fittedGrowthPercent', () => {
  it('does not count the warm-up, nor a swing without a trend', () => {
    const warming = runOf((share) => (share < 0.3 ? 100 + share * 1000 : 400 + 20 * Math.sin(share * 60)));
    expect(Math.abs(fittedGrowthPercent(warming.samples, 'worker-1'))).toBeLessThan(2);
  });

  it('does not make much of a little in a small process', () => {
    expect(fittedGrowthPercent(runOf((share) => 14 + 3 * share).samples, 'redis-queue')).toBeLessThan(5);
    expect(fittedGrowthPercent(runOf((share) => 14 + 15 * share).samples, 'redis-queue')).toBeGreaterThan(5);
  });

  it('is that of the line through the samples after it', () => {
    const { samples } = runOf((share) => 100 + 90 * share);
    expect(fittedGrowthPercent(samples, 'worker-1')).toBeCloseTo((60 / 130) * 100, 0);
    expect(fittedGrowthPercent(runOf((share) => 100 - 30 * share).samples, 'worker-1')).toBeLessThan(0);
  });
});

describe('judgeEndurance', () => {
  it('has nothing against a run that was flat, quiet and complete', () => {
    expect(broken(runOf(() => 300))).toEqual([]);
  });

  it('says which process has grown', () => {
    expect(broken(runOf((share) => 300 + 60 * share))).toEqual([
      expect.stringMatching(/^worker-1: growth/),
      expect.stringMatching(/^worker-2: growth/),
      expect.stringMatching(/^audit-worker: growth/),
      expect.stringMatching(/^redis-queue: growth/),
    ]);
  });

  it.each([
    [{ verified: { answers: 16, missing: 1, double: 0 } }, 'answers without a row, of 16 = 0'],
    [{ verified: { answers: 16, missing: 0, double: 2 } }, 'answers with more rows than one = 0'],
    [{ dropped: 1 }, 'answers that left unrecorded = 0'],
    [{ firedAlerts: ['WorkerDown'] }, 'alerts that fired (WorkerDown) = 0'],
  ])('finds %j', (changes, promise) => {
    expect(broken(runOf(() => 300, changes))).toEqual([promise]);
  });

  it('finds a request that was not answered', () => {
    const run = runOf(() => 300);
    run.outcome = { ...run.outcome, failedPercent: 0.1 };
    expect(broken(run)).toEqual(['requests not answered with 200 < 0.1 %']);
  });

  it('does not judge alerts that nobody watched', () => {
    expect(judgeEndurance(runOf(() => 300, { firedAlerts: undefined })).some(({ unit }) => unit === 'alerts')).toBe(
      false,
    );
  });
});

describe('the report', () => {
  it('has a row for each process, and a chart with a line for each that is judged', () => {
    const run = runOf(() => 300);
    expect(renderEndurance(run, 'a run')).toMatch(/\| postgres \| 600 \| 600 \| 600 \|/);
    const chart = enduranceChart(run);
    expect([...chart.matchAll(/<polyline/g)]).toHaveLength(6);
    expect(chart).not.toContain('NaN');
  });
});
