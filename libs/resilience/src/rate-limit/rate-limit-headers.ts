import type { RateDecision } from './rate-limiter.js';

/** The window that quotas are told in, in seconds. */
const WINDOW_SECONDS = 60;
const POLICY = '"tenant"';

/** The headers of draft-ietf-httpapi-ratelimit-headers for a decision, with `Retry-After` when it was a refusal. */
export function rateLimitHeaders({
  allowed,
  rule,
  remaining,
  resetSeconds,
  retryAfterSeconds,
}: RateDecision): Record<string, string> {
  const headers: Record<string, string> = {
    'RateLimit-Policy': `${POLICY};q=${Math.round(rule.perSecond * WINDOW_SECONDS)};w=${WINDOW_SECONDS}`,
    RateLimit: `${POLICY};r=${remaining};t=${resetSeconds}`,
  };
  if (!allowed) headers['Retry-After'] = String(retryAfterSeconds);
  return headers;
}
