import { readFileSync } from 'node:fs';
import { capacityCommand, documentedFigures } from './capacity.command.js';
import { renderFigures, renderPlans } from './capacity-report.js';
import { DEFAULT_DEMAND, planOf } from './plan.js';

const figures = documentedFigures();
const planFor = (requestsPerSecond: number, changes: Partial<typeof DEFAULT_DEMAND> = {}) =>
  planOf({ ...DEFAULT_DEMAND, ...changes, requestsPerSecond }, figures);

describe('planOf', () => {
  it('grows with the load in all that serves it, and never below what may lose one', () => {
    const [small, large] = [planFor(10), planFor(100_000)];
    expect(small).toMatchObject({ replicas: 3, auditWorkers: 2, databases: 1 });
    expect(large.apiCores / small.apiCores).toBeCloseTo(10_000);
    expect(large.replicas).toBeGreaterThanOrEqual(large.apiCores / 2 + 1);
  });

  it('works out what a reader can work out', () => {
    const round = {
      hit: { apiUs: 50, servingUs: 40, cacheUs: 0 },
      miss: { apiUs: 100, servingUs: 60, cacheUs: 10 },
      row: { workerUs: 10, postgresUs: 30, queueUs: 1 },
      bytes: { ...figures.bytes, row: 400, indexes: 100, cachedAnswer: 500, request: 250, apiMemory: 4e8 },
    };
    const demand = { ...DEFAULT_DEMAND, hitShare: 0.5, meanShare: 0.5, utilisation: 0.5, requestsPerSecond: 10_000 };
    expect(planOf(demand, round)).toMatchObject({
      apiCores: 1.5, // 10,000 x 75 us at half load
      replicas: 3,
      apiMemoryGb: 1.2,
      postgresCores: 0.6,
      rowsPerDay: 432e6,
      diskGbPerDay: 216,
      cacheRedisGb: 9, // 5,000 new answers a second for the busiest hour
      networkInMbit: 20,
    });
  });

  it('asks of no serving thread more than it may have, however many cores a server has', () => {
    const { hit, miss } = figures;
    const demand = { ...DEFAULT_DEMAND, hitShare: 0.9, requestsPerSecond: 100_000 };
    const { replicas } = planOf({ ...demand, coresPerReplica: 4 }, figures);
    const busy = ((demand.requestsPerSecond / (replicas - 1)) * (0.9 * hit.servingUs + 0.1 * miss.servingUs)) / 1e6;
    expect(busy).toBeLessThanOrEqual(demand.utilisation);
  });

  it('keeps answers of the busiest hour, and of those before it', () => {
    const perSecond = 1000 * (1 - DEFAULT_DEMAND.hitShare) * figures.bytes.cachedAnswer;
    const gb = (cacheTtlSeconds: number) => planFor(1000, { cacheTtlSeconds }).cacheRedisGb;
    expect(gb(1800)).toBeCloseTo((perSecond * 1800) / 1e9);
    expect(gb(7200)).toBeCloseTo((perSecond * (3600 + DEFAULT_DEMAND.meanShare * 3600)) / 1e9);
  });

  it('takes another database when one cannot take the rows in, or cannot keep them', () => {
    expect(planFor(16_000, { terabytesPerDatabase: 1000 }).databases).toBe(2);
    expect(planFor(5000).databases).toBe(2);
    expect(planFor(5000, { retentionDays: 1 }).databases).toBe(1);
  });
});

describe('docs/CAPACITY_PLAN.md', () => {
  const words = (text: string) => text.replaceAll(/[ \t]+/g, ' ').replaceAll(/-{3,}/g, '---');
  const page = words(readFileSync('docs/CAPACITY_PLAN.md', 'utf8'));

  it('has the figures that plans are made with', () => {
    expect(page).toContain(words(renderFigures(figures)));
  });

  it('has the plans that follow from them', () => {
    const demands = [1000, 10_000, 100_000].map((requestsPerSecond) => ({ ...DEFAULT_DEMAND, requestsPerSecond }));
    const plans = demands.map((demand) => ({ demand, plan: planOf(demand, figures) }));
    expect(page).toContain(words(renderPlans(plans)));
  });

  it('names every assumption with its default', () => {
    for (const [name, value] of Object.entries(DEFAULT_DEMAND)) {
      const option = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
      expect(page).toContain(`\`${option}\` | ${value} |`);
    }
  });
});

describe('bench capacity plan', () => {
  it.each([
    ['--hit-share', 'abc'],
    ['--hit-share', '1.1'],
    ['--retention-days', '-1'],
    ['--utilisation', ''],
    ['--utilisation', '0'],
  ])('refuses %s %j', async (option, value) => {
    const capacity = capacityCommand();
    const [plan] = capacity.commands;
    plan!.exitOverride().configureOutput({ writeErr: () => undefined });
    await expect(capacity.parseAsync(['plan', option, value], { from: 'user' })).rejects.toThrow(
      /must be a number (from|above) 0/,
    );
  });
});
