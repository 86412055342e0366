import { Redis } from 'ioredis';
import type { LogWriter } from '../log-writer.js';
import { Availability } from './availability.js';
import { PostgresQueuePool } from './postgres-queue-pool.js';
import type { QueueConnection } from './queue-backend.js';
import type { QueueServer } from './queue-server.js';
import { unfitness, workerRedis } from './redis-connections.js';

/** One connection for each job in hand would be enough; BullMQ listens on one more, and looks for stalled jobs. */
const SPARE_CONNECTIONS = 2;
/** A frozen Postgres is given up after this, and asked again. */
const POSTGRES_TIMEOUT_MS = 10_000;

/** The worker's connection to its queue, which waits for a server that is away. */
export class WorkerConnection {
  readonly availability: Availability;
  readonly connection: QueueConnection;
  private complaint: string | undefined;

  constructor(server: QueueServer, concurrency: number, log: LogWriter) {
    this.availability = new Availability(server.kind === 'redis' ? 'Redis' : 'Queue', log);
    this.connection =
      server.kind === 'redis'
        ? workerRedis(server.url, this.availability)
        : new PostgresQueuePool(
            {
              connection: server.connection,
              max: concurrency + SPARE_CONNECTIONS,
              timeoutMs: POSTGRES_TIMEOUT_MS,
              patient: true,
            },
            this.availability,
          );
    if (this.connection instanceof Redis) {
      const redis = this.connection;
      redis.on('ready', () => void this.inspect(redis, log));
    }
  }

  /** Gives it up; whoever waits on it is told so. */
  async close(): Promise<void> {
    if (this.connection instanceof Redis) {
      this.connection.disconnect();
    } else {
      await this.connection.end();
    }
  }

  private async inspect(redis: Redis, log: LogWriter): Promise<void> {
    try {
      const complaint = await unfitness(redis);
      if (complaint !== undefined && complaint !== this.complaint) {
        log.warning(complaint);
      }
      this.complaint = complaint;
    } catch (error) {
      log.debug('Redis was not inspected', { error }); // some providers forbid it, and a lost connection is reported elsewhere
    }
  }
}
