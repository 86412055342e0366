import { Registry } from 'prom-client';
import { moved } from '../../../../scripts/test-support/moved-series.js';
import { RateLimitMetrics } from './rate-limit.metrics.js';

describe('RateLimitMetrics', () => {
  it('is at 0 from the start and moves with what is reported', async () => {
    const registry = new Registry();
    const metrics = new RateLimitMetrics(registry);
    expect(await registry.metrics()).toContain('rate_limited_total 0');
    metrics.onLimited();
    metrics.onUnavailable();
    metrics.onUnavailable();
    expect(await moved(registry)).toEqual({ rate_limited_total: 1, rate_limit_local_decisions_total: 2 });
  });
});
