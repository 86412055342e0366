import { createHash } from 'node:crypto';
import { SYSTEM_CLOCK, type Clock } from '../clock.js';
import type { Policy } from '../policy/policy.js';
import { isRedisRefusal } from '../redis-failure.js';
import type { ScriptingRedis } from '../redis-script.js';
import { askForLease } from './lease-script.js';
import { MemoryRateLimiter } from './memory-rate-limiter.js';
import {
  decide,
  DEFAULT_MAX_TENANTS,
  RateLimiter,
  type RateDecision,
  type RateLimiterOptions,
  type RateRule,
} from './rate-limiter.js';
import { RecentMap } from './recent-map.js';

/** What the shared rate limiter needs besides its rules. */
export interface SharedRateOptions extends RateLimiterOptions {
  /** Beginning of its keys; default `falcon:rate:1:`. */
  keyPrefix?: string;
  /** Told when Redis could not be asked and this process decided alone. */
  onUnavailable?: (error: unknown) => void;
}

/** Tokens not spent for so long go back. */
const LEASE_MS = 10_000;
/** Longer names are hashed: keys stay short whatever a tenant is called. */
const MAX_NAME_LENGTH = 64;
/** What may be spent before Redis is asked, as a part of the burst, by a tenant known to have half of it left. */
const OWED_RATIO = 0.05;

interface Account {
  rule: RateRule;
  /** Tokens lent to this process and not spent. */
  lent: number;
  lentUntilMs: number;
  /** Tokens spent here that Redis does not know of yet. */
  owed: number;
  /** What was in the shared bucket when Redis was last asked; a tenant never seen has a full one for all we know. */
  tokens: number;
  askedMs: number;
  /** Redis did not answer when it was last asked: nothing is spent ahead that might never be paid. */
  isAlone: boolean;
  waiting: number;
  asking: Promise<void> | undefined;
}

/**
 * Token buckets shared by all replicas. A replica borrows tokens ahead and spends them without asking, so a tenant far
 * below its limit never waits for Redis; close to the limit every token is asked for. Without Redis each replica
 * keeps the limit by itself.
 */
export class RedisRateLimiter extends RateLimiter {
  private readonly accounts: RecentMap<Account>;
  private readonly alone: MemoryRateLimiter;
  private readonly prefix: string;

  /** `policy` bounds the time that Redis may take, and its breaker keeps a Redis that is away from being asked. */
  constructor(
    private readonly redis: ScriptingRedis,
    private readonly policy: Policy,
    private readonly options: SharedRateOptions,
    private readonly clock: Clock = SYSTEM_CLOCK,
  ) {
    super(options.rule, options.overrides);
    this.accounts = new RecentMap(options.maxTenants ?? DEFAULT_MAX_TENANTS);
    this.alone = new MemoryRateLimiter(options, clock);
    this.prefix = options.keyPrefix ?? 'falcon:rate:1:';
  }

  /** Tenants remembered in this process. */
  get tenants(): number {
    return this.accounts.size;
  }

  take(tenant: string, own?: RateRule): RateDecision | Promise<RateDecision> {
    const account = this.accountOf(tenant, own ?? this.ruleOf(tenant));
    return this.takeHere(account, this.clock.now()) ?? this.takeShared(tenant, account);
  }

  /** What can be decided without asking; otherwise undefined. */
  private takeHere(account: Account, nowMs: number): RateDecision | undefined {
    if (account.lent >= 1 && nowMs < account.lentUntilMs) {
      account.lent--;
      return this.decision(true, account, nowMs);
    }
    // Not asked, and not about to be: the bucket cannot have filled up in the meantime. What was lent and not spent counts:
    // after its time it has to be asked for again.
    if (tokensAt(account, nowMs) + account.lent < 1 && !account.asking) return this.decision(false, account, nowMs);
    return undefined;
  }

  private takeShared(tenant: string, account: Account): RateDecision | Promise<RateDecision> {
    const { rule, owed, tokens, isAlone } = account;
    if (!isAlone && tokens >= rule.burst / 2 && owed < Math.max(1, Math.floor(rule.burst * OWED_RATIO))) {
      account.owed++;
      void this.ask(tenant, account).catch((error: unknown) => this.options.onUnavailable?.(error)); // owed until then
      return this.decision(true, account, this.clock.now());
    }
    return this.takeAsked(tenant, account);
  }

  private async takeAsked(tenant: string, account: Account): Promise<RateDecision> {
    account.waiting++;
    try {
      for (;;) {
        await this.ask(tenant, account);
        const decision = this.takeHere(account, this.clock.now());
        if (decision) return decision;
      }
    } catch (error) {
      this.options.onUnavailable?.(error);
      return this.alone.take(tenant, account.rule);
    } finally {
      account.waiting--;
    }
  }

  /** Asks for a lease; callers of one tenant ask together. */
  private ask(tenant: string, account: Account): Promise<void> {
    account.asking ??= this.lease(tenant, account).finally(() => (account.asking = undefined));
    return account.asking;
  }

  private async lease(tenant: string, account: Account): Promise<void> {
    await Promise.resolve(); // whoever comes in this turn of the event loop is counted among the waiting
    const owed = account.owed - account.lent;
    account.owed = account.lent = 0;
    let isSent = false;
    try {
      const { rule, waiting } = account;
      const request = { key: this.keyOf(tenant), ...rule, owed, waiting };
      const ask = () => {
        isSent = true;
        return askForLease(this.redis, request);
      };
      const { lent, tokens } = await this.policy.execute(ask, { operation: 'rate_limit', idempotent: false });
      account.lent = lent;
      account.tokens = tokens;
      account.askedMs = this.clock.now();
      account.lentUntilMs = account.askedMs + LEASE_MS;
      account.isAlone = false;
    } catch (error) {
      account.isAlone = true;
      // What was sent and not answered may be paid: asking for it again and again would make a multiple of it.
      if (!isSent || isRedisRefusal(error)) account.owed += Math.max(0, owed);
      throw error;
    }
  }

  private decision(allowed: boolean, account: Account, nowMs: number): RateDecision {
    return decide(allowed, account.rule, tokensAt(account, nowMs) + account.lent - account.owed);
  }

  private accountOf(tenant: string, rule: RateRule): Account {
    const known = this.accounts.get(tenant);
    if (known) {
      known.rule = rule; // rules of a caller's own may change
      return known;
    }
    const account: Account = {
      rule,
      lent: 0,
      lentUntilMs: 0,
      owed: 0,
      tokens: rule.burst,
      askedMs: this.clock.now(),
      isAlone: false,
      waiting: 0,
      asking: undefined,
    };
    this.accounts.set(tenant, account);
    return account;
  }

  private keyOf(tenant: string): string {
    const isShort = tenant.length <= MAX_NAME_LENGTH;
    return this.prefix + (isShort ? tenant : createHash('sha256').update(tenant).digest('hex'));
  }
}

/** At most this much is in the shared bucket, if nobody else took of it since it was asked. */
function tokensAt({ tokens, askedMs, rule }: Account, nowMs: number): number {
  return Math.min(rule.burst, tokens + ((nowMs - askedMs) / 1000) * rule.perSecond);
}
