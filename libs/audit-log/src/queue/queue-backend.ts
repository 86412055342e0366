import { setTimeout as sleep } from 'node:timers/promises';
import {
  type BackendFactory,
  createPostgresBackend,
  createRedisBackend,
  type IQueueBackend,
  type PostgresConnectionOptions,
  type QueueBaseOptions,
  setDefaultBackendFactory,
} from 'bullmq';
import type { Redis } from 'ioredis';
import { PostgresQueuePool } from './postgres-queue-pool.js';
import { WorkerRedis } from './redis-connections.js';

/** What BullMQ is handed as its connection. */
export type QueueConnection = Redis | PostgresQueuePool;

/** A worker whose fetch fails waits this long before it fetches again; BullMQ would not wait at all. */
const FETCH_PAUSE_MS = 500;
/** A worker looks for jobs at least this often, whether it was told of one or not. */
const LONGEST_WAIT_SECONDS = 5;

/** The backend of BullMQ that fits the connection, so that queues on Redis and on Postgres live in one process. */
const queueBackend: BackendFactory<IQueueBackend, QueueConnection> = (name, options, roles) => {
  const { connection } = options;
  const backend: IQueueBackend =
    connection instanceof PostgresQueuePool
      ? createPostgresBackend(name, options as unknown as QueueBaseOptions<PostgresConnectionOptions>, roles)
      : createRedisBackend(name, options, roles);
  // A worker on Postgres would rely on a notification for up to an hour, and none comes through some connection poolers.
  Object.defineProperty(backend, 'maximumBlockTimeout', { value: LONGEST_WAIT_SECONDS });
  return withPauses(backend, connection);
};

/** From here on every queue and worker of BullMQ gets the backend that fits its connection, also those that Nest makes. */
export function installQueueBackend(): void {
  setDefaultBackendFactory(queueBackend);
}

function withPauses(backend: IQueueBackend, connection: unknown): IQueueBackend {
  const fetch = backend.moveToActive.bind(backend);
  backend.moveToActive = async (...args) => {
    try {
      const fetched = await fetch(...args);
      if (connection instanceof WorkerRedis) connection.served();
      return fetched;
    } catch (error) {
      await sleep(FETCH_PAUSE_MS, undefined, { ref: false });
      throw error;
    }
  };
  return backend;
}
