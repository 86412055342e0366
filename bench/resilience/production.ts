import { PostgresServer } from '../servers/postgres-server.js';
import { RedisServer } from '../servers/redis-server.js';
import { BenchServer, type ServerRecipe } from '../bench-server.js';
import { AUDIT_WORKER, FALCON } from '../compare.js';
import { unlessGiven } from '../config.js';

/** Far above any load: the limit is asked for every request, and refuses none. */
const RATE_LIMIT = { RATE_LIMIT_PER_MINUTE: '100000000', RATE_LIMIT_BURST: '1000000' };
/** What a Redis is told that is there to forget. */
const CACHE_REDIS = { appendonly: 'no', 'maxmemory-policy': 'allkeys-lru' };

/** Everything on, as in production; what the caller's environment says comes before. */
export const EVERYTHING_ON: Record<string, string> = {
  AUDIT_DURABILITY: 'process',
  CACHE_ENABLED: 'true',
  RATE_LIMIT_ENABLED: 'true',
  ...RATE_LIMIT,
  LOAD_SHEDDING: 'adaptive',
  AUDIT_WORKER: 'separate',
};

/** What there is besides the servers. */
export interface ProductionServices {
  /** The process that writes the table. */
  worker: BenchServer;
  postgres: PostgresServer;
  queue: RedisServer;
  cache: RedisServer;
}

/** The services of the production form, each a process of its own: Postgres, a Redis for the queue, one for the cache, and the audit worker. */
export class Production {
  private constructor(
    private readonly stops: (() => Promise<void> | void)[],
    /** How Falcon finds them. */
    readonly urls: Record<string, string>,
    readonly services: ProductionServices,
  ) {}

  static async start(logFolder: string, cacheMemory = '256mb'): Promise<Production> {
    const stops: (() => Promise<void> | void)[] = [];
    try {
      const postgres = await PostgresServer.start(logFolder);
      stops.unshift(() => postgres.stop());
      const queue = await RedisServer.start(logFolder);
      stops.unshift(() => queue.stop());
      const cache = await RedisServer.start(logFolder, 'redis-cache', { ...CACHE_REDIS, maxmemory: cacheMemory });
      stops.unshift(() => cache.stop());
      const urls = { POSTGRES_URL: postgres.url, REDIS_URL: cache.url, REDIS_QUEUE_URL: queue.url };
      const worker = await BenchServer.start({ ...AUDIT_WORKER, env: urls }, logFolder);
      stops.unshift(() => worker.stop());
      return new Production(stops, urls, { worker, postgres, queue, cache });
    } catch (error) {
      await stopAll(stops);
      throw error;
    }
  }

  /** Falcon with everything on. */
  api(name = 'falcon', env: Record<string, string> = {}): ServerRecipe {
    return { ...FALCON, name, env: { ...unlessGiven(EVERYTHING_ON), ...this.urls, WORKER_ID: name, ...env } };
  }

  async stop(): Promise<void> {
    await stopAll(this.stops);
  }
}

async function stopAll(stops: readonly (() => Promise<void> | void)[]): Promise<void> {
  for (const stop of stops) await stop();
}
