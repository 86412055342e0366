import type { DynamicModule } from '@nestjs/common';
import type { AuditObserver } from './audit-observer.js';
import type { AuditServicesOptions, AuditWorkerOptions } from './audit-options.js';
import { AuditServices } from './audit-services.js';
import { auditWorkerParts } from './audit-worker.js';
import type { AuditDatabase } from './database/audit-database.js';
import type { LogWriter } from './log-writer.js';
import { AuditQueue, type QueueCounts } from './queue/audit-queue.js';
import { AuditWorkerModule } from './queue/audit-worker.module.js';
import { WorkerConnection } from './queue/worker-connection.js';

/** What the worker of a process of its own is told. */
export interface StandaloneWorkerOptions {
  services: AuditServicesOptions;
  worker: AuditWorkerOptions;
}

/** The worker of apps/audit-worker: import its module, start it, and stop it once Nest has closed. */
export class StandaloneWorker {
  /** The worker as a Nest module. */
  readonly module: DynamicModule;
  private readonly services: AuditServices;
  private readonly database: AuditDatabase;
  private readonly connection: WorkerConnection;
  private readonly queue: AuditQueue;

  constructor({ services, worker }: StandaloneWorkerOptions, log: LogWriter, observer: AuditObserver) {
    this.services = new AuditServices(services, log);
    this.database = this.services.database(worker.migrate);
    const { queueServer } = this.services;
    this.connection = new WorkerConnection(queueServer, worker.concurrency, log);
    this.queue = new AuditQueue(queueServer, services.redisTimeoutMs, log);
    const context = { services: this.services, database: this.database, log, observer };
    const parts = auditWorkerParts(context, { ...worker, redisTimeoutMs: services.redisTimeoutMs });
    this.module = AuditWorkerModule.forRoot(parts, { connection: this.connection, queue: this.queue });
  }

  /** Begins to connect to the database, for as long as it takes. */
  start(): void {
    void this.database.connect();
  }

  /** What can be reached at present. */
  availability(): { database: boolean; queue: boolean } {
    return { database: this.database.state.status === 'available', queue: this.connection.availability.isUp };
  }

  /** Connections of this process to the database. */
  pool(): { size: number; idle: number } {
    return this.database.pool;
  }

  /** @throws {QueueUnavailableError} while the queue is away */
  queueCounts(): Promise<QueueCounts> {
    return this.queue.counts();
  }

  /** Ends the connections, and the embedded Postgres if nobody else uses it. */
  async stop(): Promise<void> {
    await this.database.close();
    await this.services.close();
  }
}
