import type { DynamicModule } from '@nestjs/common';
import type { LogWriter } from '@app/resilience';
import type { AuditAvailability } from './audit-availability.js';
import type { AuditObserver } from './audit-observer.js';
import type { AuditServicesOptions, AuditWorkerOptions } from './audit-options.js';
import type { AuditPolicies } from './audit-policies.js';
import { AuditServices } from './audit-services.js';
import type { AuditDatabase } from './database/audit-database.js';
import { pause } from './pause.js';
import type { AuditQueue, QueueCounts } from './queue/audit-queue.js';
import { auditWorkerModule } from './queue/audit-worker.module.js';
import { WorkerConnection } from './queue/worker-connection.js';

/** What the worker of a process of its own is told. */
export interface StandaloneWorkerOptions {
  services: AuditServicesOptions;
  policies: AuditPolicies;
  worker: AuditWorkerOptions;
}

/** How often to look at database and queue, which nobody may be using. */
const LOOK_MS = 3000;

/** The worker of apps/audit-worker: import its module, start it, and stop it once Nest has closed. */
export class StandaloneWorker {
  /** The worker as a Nest module. */
  readonly module: DynamicModule;
  private readonly services: AuditServices;
  private readonly database: AuditDatabase;
  private readonly connection: WorkerConnection;
  private readonly queue: AuditQueue;
  private readonly stopping = new AbortController();
  private looking?: Promise<void>;

  constructor({ services, policies, worker }: StandaloneWorkerOptions, log: LogWriter, observer: AuditObserver) {
    this.services = new AuditServices(services, log, policies);
    this.database = this.services.database(worker.migrate);
    this.connection = new WorkerConnection(this.services.queueServer, worker.concurrency, log);
    this.queue = this.services.queue();
    const ends = { connection: this.connection, queue: this.queue };
    this.module = auditWorkerModule({ ends, database: this.database, log, observer }, worker);
  }

  /** Begins to connect to the database, for as long as it takes. */
  start(): void {
    void this.database.connect();
    this.looking = this.keepLooking();
  }

  /** What can be reached at present; the queue by producer and worker alike. */
  availability(): AuditAvailability {
    const ends = [this.connection.availability.known, this.queue.availability.known];
    const queue = ends.includes(false) ? false : ends.includes(undefined) ? undefined : true;
    const fault = this.queue.availability.fault ?? this.connection.availability.fault;
    return { database: this.database.isAvailable, queue, faults: { database: this.database.fault, queue: fault } };
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
    this.stopping.abort();
    await this.looking;
    await this.queue.close();
    await this.database.close();
    await this.services.close();
  }

  /** So that their state is known although there are no jobs; the pool is not made to grow by it. */
  private async keepLooking(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await Promise.all([
        this.database.pool.idle > 0 && this.database.check().catch(() => undefined), // its state, and the log, say why not
        this.queue.check(),
      ]);
      await pause(LOOK_MS, signal); // stop() cuts it short
    }
  }
}
