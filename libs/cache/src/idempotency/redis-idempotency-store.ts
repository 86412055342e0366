import { RedisScript } from '@app/resilience';
import type { Redis } from 'ioredis';
import type { CacheOperation } from '../cache-observer.js';
import type { RedisAccess } from '../redis/redis-access.js';
import { IdempotencyStore, type Claim, type ClaimOutcome, type StoredAnswer } from './idempotency-store.js';

/** The number is that of the form of what is stored. */
const PREFIX = 'falcon:idempotency:1:';

/** ARGV: owner, fingerprint, lease. A key of another kind is somebody else's and left alone. */
const CLAIM = new RedisScript(`
  local kind = redis.call('TYPE', KEYS[1]).ok
  if kind ~= 'none' and kind ~= 'hash' then return {'alien'} end
  local held = redis.call('HMGET', KEYS[1], 'owner', 'fingerprint', 'status', 'body')
  if kind == 'hash' then
    if not held[1] or not held[2] then return {'alien'} end
    if held[2] ~= ARGV[2] then return {'mismatch'} end
    if held[3] then return {'replay', held[3], held[4]} end
    if held[1] ~= ARGV[1] then return {'in-flight'} end
  else
    redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'fingerprint', ARGV[2])
  end
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  return {'claimed'}`);

/** ARGV: owner, fingerprint, ttl, status, body. A key that is gone (expired, evicted, flushed) has no new owner. */
const COMPLETE = new RedisScript(`
  local kind = redis.call('TYPE', KEYS[1]).ok
  if kind ~= 'none' and kind ~= 'hash' then return 0 end
  local held = redis.call('HMGET', KEYS[1], 'owner', 'status')
  if kind == 'hash' and (held[1] ~= ARGV[1] or held[2]) then return 0 end
  redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'fingerprint', ARGV[2], 'status', ARGV[4], 'body', ARGV[5])
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  return 1`);

/** ARGV: owner. */
const RELEASE = new RedisScript(`
  if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then return 0 end
  local held = redis.call('HMGET', KEYS[1], 'owner', 'status')
  if held[1] ~= ARGV[1] or held[2] then return 0 end
  return redis.call('DEL', KEYS[1])`);

/** Keeps claims and answers in Redis, for all replicas; each step is one script, and so atomic. */
export class RedisIdempotencyStore extends IdempotencyStore {
  constructor(private readonly access: RedisAccess) {
    super();
  }

  override async claim(claim: Claim, leaseMs: number): Promise<ClaimOutcome> {
    const reply = await this.run(CLAIM, 'check_idempotency', claim, [claim.owner, claim.fingerprint, leaseMs]);
    const [state, status, body] = Array.isArray(reply) ? (reply as unknown[]) : [];
    switch (state) {
      case 'claimed':
      case 'in-flight':
      case 'mismatch':
        return { state };
      case 'replay':
        return { state, answer: { status: Number(status), body: String(body) } };
      case undefined: // Redis is away, and that is counted
        return { state: 'unavailable' };
      default:
        this.access.observer.onError('check_idempotency', 1); // Redis is well, the key is not ours
        return { state: 'unavailable' };
    }
  }

  override renew({ id, owner, fingerprint }: Claim, leaseMs: number): Promise<unknown> {
    const claim = (redis: Redis) => CLAIM.run(redis, [PREFIX + id], [owner, fingerprint, leaseMs]);
    return this.access.ask('check_idempotency', claim, { once: true });
  }

  override async complete(claim: Claim, answer: StoredAnswer, ttlMs: number): Promise<boolean> {
    const args = [claim.owner, claim.fingerprint, ttlMs, answer.status, answer.body];
    return (await this.run(COMPLETE, 'store_idempotency', claim, args)) === 1;
  }

  override async release(claim: Claim): Promise<boolean> {
    return (await this.run(RELEASE, 'store_idempotency', claim, [claim.owner])) === 1;
  }

  private async run(
    script: RedisScript,
    operation: CacheOperation,
    { id, deadlineMs }: Claim,
    args: readonly (string | number)[],
  ): Promise<unknown> {
    const asked = await this.access.ask(operation, (redis) => script.run(redis, [PREFIX + id], args), { deadlineMs });
    return asked?.answer;
  }
}
