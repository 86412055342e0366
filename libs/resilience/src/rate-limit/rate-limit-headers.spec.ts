import { Registry } from 'prom-client';
import { moved } from '../../test-support/moved-series.js';
import { rateLimitHeaders } from './rate-limit-headers.js';
import { RateLimitMetrics } from './rate-limit.metrics.js';

describe('rateLimitHeaders', () => {
  const rule = { perSecond: 1000 / 60, burst: 100 };

  it('tells the quota of a minute, what is left and when all of it is back', () => {
    const decision = { allowed: true, rule, remaining: 42, resetSeconds: 4, retryAfterSeconds: 0 };
    expect(rateLimitHeaders(decision)).toEqual({
      'ratelimit-policy': '"tenant";q=1000;w=60',
      ratelimit: '"tenant";r=42;t=4',
    });
  });

  it('tells the refused when to come back', () => {
    const decision = { allowed: false, rule, remaining: 0, resetSeconds: 6, retryAfterSeconds: 2 };
    expect(rateLimitHeaders(decision)).toMatchObject({ 'retry-after': '2' });
  });
});

describe('RateLimitMetrics', () => {
  it('counts from 0 what is refused and what is decided alone', async () => {
    const registry = new Registry();
    const metrics = new RateLimitMetrics(registry);
    expect(await registry.metrics()).toContain('rate_limited_total 0');
    metrics.onLimited();
    metrics.onUnavailable();
    expect(await moved(registry)).toEqual({ rate_limited_total: 1, rate_limit_local_decisions_total: 1 });
  });
});
