import type { AuditDatabaseOptions } from '../database/audit-database.js';

/** Where the queue is kept; BullMQ has a backend for either. */
export type QueueServer =
  { kind: 'redis'; url: string } | { kind: 'postgres'; connection: AuditDatabaseOptions['connection'] };
