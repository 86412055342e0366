import { randomUUID } from 'node:crypto';
import { RedisScript } from '@app/resilience';
import type { RedisAccess } from '../redis/redis-access.js';

const RELEASE = new RedisScript(
  `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`,
);

/** Who may compute: this process, another one, or that cannot be known. */
export type LockState = 'ours' | 'theirs' | 'unknown';

/** A lock for each key in Redis, which ends by itself with its lease. */
export class RedisFlightLock {
  private readonly owner = randomUUID();

  constructor(
    private readonly access: RedisAccess,
    private readonly leaseMs: number,
  ) {}

  async acquire(key: string): Promise<LockState> {
    const set = await this.access.ask('lock', (redis) => redis.set(lockKey(key), this.owner, 'PX', this.leaseMs, 'NX'));
    if (!set) {
      return 'unknown';
    }
    return set.answer === 'OK' ? 'ours' : 'theirs';
  }

  /** Ends it early; a lock that is not ours any more stays. */
  async release(key: string): Promise<void> {
    await this.access.ask('lock', (redis) => RELEASE.run(redis, [lockKey(key)], [this.owner]));
  }
}

function lockKey(key: string): string {
  return `${key}:lock`;
}
