/** A token bucket: so many requests a second in the long run, so many at once after a rest. */
export interface RateRule {
  perSecond: number;
  burst: number;
}

/** What a rate limiter is told. */
export interface RateLimiterOptions {
  rule: RateRule;
  /** Rules of single tenants. */
  overrides?: Readonly<Record<string, RateRule>>;
  /** Most tenants remembered in this process; one that was forgotten begins with a full bucket. Default 200,000. */
  maxTenants?: number;
}

/** Whether a tenant may, and what it has left. */
export interface RateDecision {
  allowed: boolean;
  rule: RateRule;
  /** Requests that it could make at once. */
  remaining: number;
  /** Seconds until the bucket is full again, rounded up. */
  resetSeconds: number;
  /** Seconds until the next request is allowed, rounded up; 0 when it is now. */
  retryAfterSeconds: number;
}

/** Counts the requests of tenants. The in-process form answers at once; the shared one mostly does, too. */
export abstract class RateLimiter {
  private readonly overrides: ReadonlyMap<string, RateRule>;

  constructor(
    private readonly rule: RateRule,
    overrides: Readonly<Record<string, RateRule>> = {},
  ) {
    this.overrides = new Map(Object.entries(overrides));
  }

  /** Takes one request from the tenant's bucket, by a rule of its own if it has one; never rejects. */
  abstract take(tenant: string, own?: RateRule): RateDecision | Promise<RateDecision>;

  /** The rule that holds for a tenant. */
  ruleOf(tenant: string): RateRule {
    return this.overrides.size === 0 ? this.rule : (this.overrides.get(tenant) ?? this.rule);
  }
}

/** At least half of them are remembered for certain: 100,000 that take turns all keep their buckets. */
export const DEFAULT_MAX_TENANTS = 200_000;

/** The decision that follows from what is in a bucket after the request was, or was not, taken from it. */
export function decide(allowed: boolean, rule: RateRule, tokens: number): RateDecision {
  return {
    allowed,
    rule,
    remaining: Math.max(0, Math.floor(tokens)),
    resetSeconds: Math.ceil(Math.max(0, rule.burst - tokens) / rule.perSecond),
    retryAfterSeconds: allowed ? 0 : Math.max(1, Math.ceil((1 - tokens) / rule.perSecond)),
  };
}
