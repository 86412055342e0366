import type { AuditDatabaseOptions } from '../database/audit-database.js';
import type { LogWriter } from '../log-writer.js';
import { Availability } from './availability.js';
import { redisFailure } from './redis-failure.js';

/** Where the queue is kept; BullMQ has a backend for either. */
export type QueueServer =
  { kind: 'redis'; url: string } | { kind: 'postgres'; connection: AuditDatabaseOptions['connection'] };

/** Watches whether it can be reached, in the words of its kind. */
export function availabilityOf(server: QueueServer, log: LogWriter): Availability {
  return server.kind === 'redis'
    ? new Availability('Redis', log, redisFailure(server.url))
    : new Availability('Queue', log);
}
