import { reasonOf, redisFailure, type LogWriter } from '@app/resilience';
import type { ConnectionSource } from '../database/postgres-connection.js';
import { Availability } from './availability.js';

/** Where the queue is kept; BullMQ has a backend for either. */
export type QueueServer = { kind: 'redis'; url: string } | { kind: 'postgres'; connection: ConnectionSource };

const URL_VARIABLE = 'REDIS_QUEUE_URL, or REDIS_URL without one';

/** Watches whether it can be reached, in the words of its kind. */
export function availabilityOf(server: QueueServer, log: LogWriter): Availability {
  return server.kind === 'redis'
    ? new Availability('Redis', log, redisFailure(server.url, URL_VARIABLE))
    : new Availability('Queue', log, postgresFailure);
}

function postgresFailure(error: unknown): string {
  const reason = reasonOf(error);
  return reason.startsWith('permission denied for database')
    ? `Falcon's user may not make the queue's schema (${reason}): GRANT CREATE ON DATABASE to it, or set REDIS_URL`
    : reason;
}
