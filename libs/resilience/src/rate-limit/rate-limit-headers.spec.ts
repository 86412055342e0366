import { rateLimitHeaders } from './rate-limit-headers.js';

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
