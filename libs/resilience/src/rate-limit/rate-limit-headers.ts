import type { RateDecision } from './rate-limiter.js';

/** The window that quotas are told in, in seconds. */
const WINDOW_SECONDS = 60;
const POLICY = '"tenant"';

/** The headers of draft-ietf-httpapi-ratelimit-headers for a decision, with `retry-after` when it was a refusal; in lower case, as they are sent. */
export function rateLimitHeaders({
  allowed,
  rule,
  remaining,
  resetSeconds,
  retryAfterSeconds,
}: RateDecision): Record<string, string> {
  const headers: Record<string, string> = {
    'ratelimit-policy': `${POLICY};q=${Math.round(rule.perSecond * WINDOW_SECONDS)};w=${WINDOW_SECONDS}`,
    ratelimit: `${POLICY};r=${remaining};t=${resetSeconds}`,
  };
  if (!allowed) headers['retry-after'] = String(retryAfterSeconds);
  return headers;
}
