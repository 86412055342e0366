import type { LogWriter } from '@app/resilience';
import type { Availability } from './availability.js';
import { PostgresQueuePool } from './postgres-queue-pool.js';
import { availabilityOf, type QueueServer } from './queue-server.js';
import { WorkerRedis, workerRedis } from './redis-connections.js';

/** One connection for each job in hand would be enough; BullMQ listens on one more, and looks for stalled jobs. */
const SPARE_CONNECTIONS = 2;
/** A frozen Postgres is given up after this, and asked again. */
const POSTGRES_TIMEOUT_MS = 10_000;

/** The worker's connection to its queue, which waits for a server that is away. */
export class WorkerConnection {
  readonly availability: Availability;
  readonly connection: WorkerRedis | PostgresQueuePool;

  constructor(server: QueueServer, concurrency: number, log: LogWriter) {
    this.availability = availabilityOf(server, log);
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
  }

  /** Gives it up; whoever waits on it is told so. */
  async close(): Promise<void> {
    if (this.connection instanceof WorkerRedis) {
      this.connection.giveUp();
    } else {
      await this.connection.end();
    }
  }
}
