import { cacheRedis } from '@app/cache';
import type { Log } from '@app/ops';
import { redisFailure, redisSentence } from '@app/resilience';

type Redis = ReturnType<typeof cacheRedis>;

const VARIABLE = 'REDIS_URL';

/** The connection of cache, rate limits and breaker openings, and why there is none. */
export class SharedRedis {
  readonly redis: Redis;
  private failure: unknown;
  private hasConnected = false;
  private isMissed = false;

  constructor(url: string, log: Log) {
    this.redis = cacheRedis(url);
    const describe = redisFailure(url, VARIABLE);
    this.redis.on('error', (error) => {
      // Later failures are told by who is failed by them; at the start nobody may ask for long.
      if (!this.hasConnected && !this.isMissed) {
        log.warning(`Redis unavailable: ${describe(error)}`);
        this.isMissed = true;
      }
      this.failure = error;
    });
    this.redis.on('ready', () => {
      if (this.isMissed) log.info('Redis available');
      this.hasConnected = true;
      this.isMissed = false;
      this.failure = undefined;
    });
  }

  /** Why it could not be asked, without addresses; undefined when that is not known. */
  reasonOf(error: unknown): string | undefined {
    return redisSentence(this.failure ?? error, VARIABLE);
  }
}
