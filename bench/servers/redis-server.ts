import { join } from 'node:path';
import { redisProgram, TestRedis } from '../../scripts/test-support/redis.js';
import { readProcessUsage } from '../process-usage.js';

/** What the measured Redis is told: what docs and warnings ask of a Redis that keeps a queue. */
export const REDIS_SETTINGS = { appendonly: 'yes', appendfsync: 'everysec', 'maxmemory-policy': 'noeviction' };

/** A Redis of its own in a temporary folder. */
export class RedisServer {
  private constructor(private readonly redis: TestRedis) {}

  /** Resolves when it answers; its output goes to `<name>.log`. */
  static async start(
    logFolder: string,
    name = 'redis',
    settings: Record<string, string> = REDIS_SETTINGS,
  ): Promise<RedisServer> {
    if (redisProgram === undefined) {
      throw new Error('there is no redis-server: install one, or run scripts/tools.sh');
    }
    const args = Object.entries(settings).flatMap(([key, value]) => [`--${key}`, value]);
    return new RedisServer(await TestRedis.start({ settings: args, logFile: join(logFolder, `${name}.log`) }));
  }

  get url(): string {
    return this.redis.url;
  }

  usage() {
    return readProcessUsage(this.redis.pid);
  }

  /** It keeps its connections but answers nothing, until `resume()`. */
  freeze(): void {
    this.redis.freeze();
  }

  resume(): void {
    this.redis.resume();
  }

  /** One figure of its INFO. */
  async info(name: string): Promise<number> {
    const said = String(await this.redis.command('INFO', 'all'));
    return Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(said)?.[1]);
  }

  /** How many keys it has. */
  async keys(): Promise<number> {
    return Number(await this.redis.command('DBSIZE'));
  }

  /** Ends it and removes its folder. */
  async stop(): Promise<void> {
    await this.redis.stop();
  }
}
