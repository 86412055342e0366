import { SYSTEM_CLOCK, type Clock } from '../clock.js';
import {
  decide,
  DEFAULT_MAX_TENANTS,
  RateLimiter,
  type RateDecision,
  type RateLimiterOptions,
  type RateRule,
} from './rate-limiter.js';
import { RecentMap } from './recent-map.js';

interface Bucket {
  tokens: number;
  atMs: number;
}

/** Exact token buckets in this process. */
export class MemoryRateLimiter extends RateLimiter {
  private readonly buckets: RecentMap<Bucket>;

  constructor(
    { rule, overrides, maxTenants = DEFAULT_MAX_TENANTS }: RateLimiterOptions,
    private readonly clock: Clock = SYSTEM_CLOCK,
  ) {
    super(rule, overrides);
    this.buckets = new RecentMap(maxTenants);
  }

  /** Tenants remembered. */
  get tenants(): number {
    return this.buckets.size;
  }

  take(tenant: string, own?: RateRule): RateDecision {
    const rule = own ?? this.ruleOf(tenant);
    const nowMs = this.clock.now();
    let bucket = this.buckets.get(tenant);
    if (!bucket) this.buckets.set(tenant, (bucket = { tokens: rule.burst, atMs: nowMs }));
    bucket.tokens = Math.min(rule.burst, bucket.tokens + ((nowMs - bucket.atMs) / 1000) * rule.perSecond);
    bucket.atMs = nowMs;
    const allowed = bucket.tokens >= 1;
    if (allowed) bucket.tokens--;
    return decide(allowed, rule, bucket.tokens);
  }
}
