import type { ServerRecipe } from '../bench-server.js';
import { AUDIT_WORKER, FALCON } from '../compare.js';
import { PLAIN_SETTINGS } from '../config.js';
import { POSTGRES_SETTINGS, PostgresServer } from '../servers/postgres-server.js';
import { REDIS_SETTINGS, RedisServer } from '../servers/redis-server.js';

/** What the queue between api and worker is kept in. */
export type QueueKind = 'redis' | 'postgres';

/** The services of the production form, of the bench's own and each a process of its own. */
export class AuditServices {
  private constructor(
    readonly postgres: PostgresServer,
    readonly redis: RedisServer,
  ) {}

  static async start(logFolder: string): Promise<AuditServices> {
    const postgres = await PostgresServer.start(logFolder);
    try {
      return new AuditServices(postgres, await RedisServer.start(logFolder));
    } catch (error) {
      await postgres.stop();
      throw error;
    }
  }

  /** Falcon's server in the production form: the worker is a process of its own. */
  api(name: string, queue: QueueKind, env: Record<string, string>): ServerRecipe {
    const own = { AUDIT_WORKER: 'separate', WORKER_ID: name, ...env };
    return { ...FALCON, name, env: { ...PLAIN_SETTINGS, ...this.urls(queue), ...own } };
  }

  /** The process that writes the table. */
  worker(queue: QueueKind): ServerRecipe {
    return { ...AUDIT_WORKER, name: `audit-worker-${queue}`, env: this.urls(queue) };
  }

  async stop(): Promise<void> {
    await this.redis.stop();
    await this.postgres.stop();
  }

  private urls(queue: QueueKind): Record<string, string> {
    // Nothing but the queue is on Redis: what else would ask it is not the audit log's cost.
    return { POSTGRES_URL: this.postgres.url, REDIS_URL: '', REDIS_QUEUE_URL: queue === 'redis' ? this.redis.url : '' };
  }
}

/** What the services are told, as it is noted in the report. */
export function serviceSettings(): Record<string, string> {
  return { ...POSTGRES_SETTINGS, ...REDIS_SETTINGS };
}
