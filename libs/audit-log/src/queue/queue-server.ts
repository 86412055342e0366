import { redisFailure } from '@app/resilience';
import type { AuditDatabaseOptions } from '../database/audit-database.js';
import type { LogWriter } from '../log-writer.js';
import { Availability } from './availability.js';

/** Where the queue is kept; BullMQ has a backend for either. */
export type QueueServer =
  { kind: 'redis'; url: string } | { kind: 'postgres'; connection: AuditDatabaseOptions['connection'] };

const URL_VARIABLE = 'REDIS_QUEUE_URL, or REDIS_URL without one';

/** Watches whether it can be reached, in the words of its kind. */
export function availabilityOf(server: QueueServer, log: LogWriter): Availability {
  return server.kind === 'redis'
    ? new Availability('Redis', log, redisFailure(server.url, URL_VARIABLE))
    : new Availability('Queue', log);
}
