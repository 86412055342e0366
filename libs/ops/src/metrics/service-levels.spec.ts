import { Registry } from 'prom-client';
import { registerServiceLevelMetrics } from './service-levels.metrics.js';
import { ServiceLevels } from './service-levels.js';

const OBJECTIVES = { availability: 0.99, latency: 0.9, thresholdSeconds: 0.5 };

describe('ServiceLevels', () => {
  it('counts answers by whether they are whole and in time', () => {
    const levels = new ServiceLevels(OBJECTIVES);
    levels.finished(200, 0.1);
    levels.finished(200, 0.5);
    levels.finished(200, 0.6);
    levels.finished(200, 0.1, 'degraded');
    expect(levels.counts()).toEqual({
      availability: { good: 3, degraded: 1, bad: 0 },
      latency: { good: 3, bad: 1 },
    });
  });

  it.each([500, 503, 504])('counts %i against availability alone', (status) => {
    const levels = new ServiceLevels(OBJECTIVES);
    levels.finished(status, 9);
    expect(levels.counts()).toEqual({ availability: { good: 0, degraded: 0, bad: 1 }, latency: { good: 0, bad: 0 } });
  });

  it('counts a 429 only when it is the server that had too much to do', () => {
    const levels = new ServiceLevels(OBJECTIVES);
    levels.finished(429, 0.1);
    expect(levels.counts().availability.bad).toBe(0);
    levels.finished(429, 0.1, 'bad');
    expect(levels.counts().availability.bad).toBe(1);
  });

  it.each([400, 401, 404, 409, 422, 499])('does not count %i: it is the caller’s doing', (status) => {
    const levels = new ServiceLevels(OBJECTIVES);
    levels.finished(status, 9);
    expect(levels.counts()).toEqual({ availability: { good: 0, degraded: 0, bad: 0 }, latency: { good: 0, bad: 0 } });
  });

  it('has all of its budget before anything was asked, and none when as much failed as may', () => {
    const levels = new ServiceLevels(OBJECTIVES);
    expect(levels.budgetRemaining()).toEqual({ availability: 1, latency: 1 });
    for (let k = 0; k < 198; k++) levels.finished(200, k < 99 ? 0.1 : 0.9);
    levels.finished(503, 0);
    expect(levels.budgetRemaining().availability).toBeCloseTo(1 - 1 / (199 * 0.01));
    levels.finished(503, 0);
    expect(levels.budgetRemaining().availability).toBeCloseTo(0);
    expect(levels.budgetRemaining().latency).toBeCloseTo(-4);
  });
});

describe('the slo metrics', () => {
  it('are there from the start, and follow the counts', async () => {
    const registry = new Registry();
    const levels = new ServiceLevels(OBJECTIVES);
    registerServiceLevelMetrics(registry, levels);
    expect(await registry.metrics()).toContain('slo_requests_total{slo="availability",outcome="degraded"} 0');
    levels.finished(200, 0.1, 'degraded');
    const text = await registry.metrics();
    expect(text).toContain('slo_requests_total{slo="availability",outcome="degraded"} 1');
    expect(text).toContain('slo_requests_total{slo="latency",outcome="good"} 1');
    expect(text).toContain('slo_objective_ratio{slo="latency"} 0.9');
    expect(text).toContain('slo_latency_threshold_seconds 0.5');
    expect(text).toContain('slo_error_budget_remaining_ratio{slo="availability"} 1');
  });
});
