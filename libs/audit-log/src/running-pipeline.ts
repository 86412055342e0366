import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { LogWriter } from '@app/resilience';
import type { AuditAvailability } from './audit-availability.js';
import type { AuditLog } from './audit-log.js';
import type { AuditObserver } from './audit-observer.js';
import type { AuditPipelineOptions, AuditWorkerOptions } from './audit-options.js';
import { AuditServices } from './audit-services.js';
import type { AuditDatabase } from './database/audit-database.js';
import { pause } from './pause.js';
import type { AuditQueue } from './queue/audit-queue.js';
import { auditWorkerModule } from './queue/audit-worker.module.js';
import { QueueBoard } from './queue/queue-board.js';
import { Shipper } from './queue/shipper.js';
import { WorkerConnection } from './queue/worker-connection.js';
import type { AdoptedSpool } from './spool/adopted-spool.js';
import { Orphans } from './spool/orphans.js';

/** How often to look for spools whose process is gone, and at database and queue, which nobody may be using. */
const LOOK_MS = 3000;
/** Spools of other processes that are shipped at the same time. */
const MAX_ADOPTED = 4;
/** Of the time to stop, what is kept for closing: an embedded Postgres that is not stopped runs on. */
const CLOSING_SHARE = 0.2;
const MAX_CLOSING_MS = 5000;

/** What the pipeline was made of. */
export interface PipelineParts {
  auditLog: AuditLog;
  options: AuditPipelineOptions;
  log: LogWriter;
  observer: AuditObserver;
}

/** The pipeline with everything loaded. */
export class RunningPipeline {
  private readonly services: AuditServices;
  private readonly database: AuditDatabase;
  private readonly queue: AuditQueue;
  private readonly orphans: Orphans;
  private readonly adopted = new Map<AdoptedSpool, Shipper>();
  private readonly stopping = new AbortController();
  private own?: Shipper;
  private worker?: INestApplicationContext;
  private looking?: Promise<void>;
  private asking: Promise<unknown> | undefined;

  constructor(private readonly parts: PipelineParts) {
    const { options, log, observer } = parts;
    const { services, policies, worker, spoolRoot } = options;
    this.services = new AuditServices(services, log, policies);
    // Without a worker there is one connection, to know whether the table can be reached.
    this.database = worker ? this.services.database(worker.migrate) : this.services.database(false, 1);
    this.queue = this.services.queue();
    this.orphans = new Orphans(spoolRoot, log, observer);
  }

  /** Resolves when everything is under way; whether the services answer is another matter. */
  async start(): Promise<void> {
    void this.database.connect();
    this.looking = this.keepLooking();
    const { worker } = this.parts.options;
    if (worker) this.worker = await this.startWorker(worker);
  }

  availability(): AuditAvailability {
    const { database, queue } = this;
    const faults = { database: database.fault, queue: queue.availability.fault };
    return { database: database.isAvailable, queue: queue.availability.known, faults };
  }

  lagSeconds(): number {
    return Math.max(0, ...this.shippers().map((shipper) => shipper.lagSeconds()));
  }

  pool(): { size: number; idle: number } {
    return this.database.pool;
  }

  async board(): Promise<QueueBoard | undefined> {
    return this.queue.availability.answers ? QueueBoard.of(await this.queue.bull()) : undefined;
  }

  /** True when all that was on the spools of this process, its own and adopted ones, is in the table. */
  async stop(timeoutMs: number): Promise<boolean> {
    const deadlineMs = performance.now() + timeoutMs - Math.min(timeoutMs * CLOSING_SHARE, MAX_CLOSING_MS);
    this.stopping.abort();
    await this.looking;
    this.ensureOwn();
    const flushed = await Promise.all(this.shippers().map((shipper) => shipper.flush(deadlineMs)));
    for (const spool of this.adopted.keys()) await spool.release();
    await this.worker?.close();
    await this.queue.close();
    await this.database.close();
    await this.services.close();
    return flushed.every(Boolean);
  }

  private shippers(): Shipper[] {
    return [...this.adopted.values(), ...(this.own ? [this.own] : [])];
  }

  /** Without HTTP, and with the producer's queue as its own. */
  private startWorker(options: AuditWorkerOptions): Promise<INestApplicationContext> {
    const { log, observer } = this.parts;
    const connection = new WorkerConnection(this.services.queueServer, options.concurrency, log);
    const context = { ends: { connection, queue: this.queue }, database: this.database, log, observer };
    return NestFactory.createApplicationContext(auditWorkerModule(context, options), { abortOnError: false });
  }

  /** Now and then: the own spool as soon as it is open, spools of processes that are gone, and the database. */
  private async keepLooking(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        this.ensureOwn();
        await this.finishAdopted();
        await this.adoptMore();
        this.askServices();
      } catch (error) {
        this.parts.log.error('Looking after the audit spools failed, and is tried again', { error });
      }
      await pause(LOOK_MS, signal); // stop() cuts it short
    }
  }

  /** So that their state is known although nothing is recorded; a worker's pool is not made to grow by it. Nobody waits for one that is frozen. */
  private askServices(): void {
    const asksDatabase = !this.worker || this.database.pool.idle > 0;
    this.asking ??= Promise.all([
      asksDatabase && this.database.check().catch(() => undefined), // its state, and the log, say why not
      this.queue.check(),
    ]).finally(() => (this.asking = undefined));
  }

  private ensureOwn(): void {
    const { auditLog, log, observer } = this.parts;
    if (!this.own && auditLog.source) {
      this.own = new Shipper(auditLog.source, this.queue, log, observer);
      this.own.start();
    }
  }

  private async finishAdopted(): Promise<void> {
    for (const [spool, shipper] of this.adopted) {
      if (spool.isDrained()) {
        await shipper.stop();
        await spool.release();
        this.adopted.delete(spool);
      }
    }
  }

  private async adoptMore(): Promise<void> {
    const { log, observer } = this.parts;
    const room = MAX_ADOPTED - this.adopted.size;
    for (const spool of room > 0 ? await this.orphans.adopt(room) : []) {
      log.info('The spool of a process that is gone is shipped', { source: spool.id, bytes: spool.waitingBytes });
      const shipper = new Shipper(spool, this.queue, log, observer);
      shipper.start();
      this.adopted.set(spool, shipper);
    }
  }
}
