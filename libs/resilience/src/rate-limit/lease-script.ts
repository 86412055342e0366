import { RedisScript, type ScriptingRedis } from '../redis-script.js';

/**
 * Settles what a replica owes to a tenant's bucket, and lends it tokens: as many as it has callers waiting for, or a
 * twentieth of what is there if that is more, so that leases are long far below the limit and exact close to it.
 * The time is that of Redis: clocks of replicas do not matter. A debt is a burst at most, also where the rule has been made
 * stricter since.
 * KEYS[1] bucket; ARGV: tokens a millisecond, burst, tokens owed (negative: given back), callers waiting.
 * Returns the tokens lent, and as text, because Redis would round it, what is left: below 0 while debts are paid back.
 */
const LEASE = new RedisScript(`
local rate, burst, owed, waiting = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = tonumber(bucket[1]) or burst
tokens = tokens + math.max(0, now - (tonumber(bucket[2]) or now)) * rate
tokens = math.max(-burst, math.min(burst, math.min(burst, tokens) - owed))
local lent = 0
if tokens >= 1 then
  lent = math.min(math.floor(tokens), math.max(waiting, 1, math.floor(tokens / 20)))
end
tokens = tokens - lent
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', string.format('%.3f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil((burst - tokens) / rate) + 1000)
return { lent, tostring(tokens) }
`);

/** What is asked of a tenant's bucket. */
export interface LeaseRequest {
  key: string;
  perSecond: number;
  burst: number;
  owed: number;
  waiting: number;
}

/** What the bucket gave. */
export interface Lease {
  lent: number;
  /** Left in the bucket. */
  tokens: number;
}

/** One round trip; one more the first time that a Redis sees the script. */
export async function askForLease(redis: ScriptingRedis, request: LeaseRequest): Promise<Lease> {
  const { key, perSecond, burst, owed, waiting } = request;
  const [lent, tokens] = (await LEASE.run(redis, [key], [perSecond / 1000, burst, owed, waiting])) as [number, string];
  return { lent, tokens: Number(tokens) };
}
