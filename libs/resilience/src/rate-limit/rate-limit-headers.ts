import type { RateDecision, RateRule } from './rate-limiter.js';

/** The window that quotas are told in, in seconds. */
const WINDOW_SECONDS = 60;
const POLICY = '"tenant"';

/** What was said of each rule, which is said with each answer. */
const policies = new WeakMap<RateRule, string>();

/** The headers of draft-ietf-httpapi-ratelimit-headers for a decision, with `retry-after` when it was a refusal; in lower case, as they are sent. */
export function rateLimitHeaders({
  allowed,
  rule,
  remaining,
  resetSeconds,
  retryAfterSeconds,
}: RateDecision): Record<string, string> {
  const headers: Record<string, string> = {
    'ratelimit-policy': policyOf(rule),
    ratelimit: `${POLICY};r=${remaining};t=${resetSeconds}`,
  };
  if (!allowed) headers['retry-after'] = String(retryAfterSeconds);
  return headers;
}

function policyOf(rule: RateRule): string {
  let policy = policies.get(rule);
  if (policy === undefined) {
    policy = `${POLICY};q=${Math.round(rule.perSecond * WINDOW_SECONDS)};w=${WINDOW_SECONDS}`;
    policies.set(rule, policy);
  }
  return policy;
}
