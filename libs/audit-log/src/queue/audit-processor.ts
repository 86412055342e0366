import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import { DelayedError, type Job, WaitingError } from 'bullmq';
import { jittered } from '@app/resilience';
import type { DatabaseOperation } from '../audit-observer.js';
import { BlockedJobError, DatabaseUnavailableError } from '../database/database.errors.js';
import { pause } from '../pause.js';
import { AUDIT_QUEUE, MAINTENANCE_JOB } from './audit-job.js';
import { AUDIT_WORKER_PARTS, type AuditWorkerParts } from './audit-worker.options.js';
import { type QueuedJob, unpackJob } from './job-codec.js';
import { WorkerConnection } from './worker-connection.js';

/** Not longer: while Postgres is away its breaker lets hardly any of these through. */
const RETRY = { baseMs: 250, capMs: 2000 };
/** A job that failed in a way nobody thought of comes back after this, ever later. */
const SURPRISE = { baseMs: 1000, capMs: 60_000 };
/** Meanwhile a newer worker may have the job, or somebody puts right what is in its way. */
const BLOCKED_DELAY_MS = 30_000;
const FOR_EVER = 2 ** 31 - 1;
/** The same failure is logged at most this often. */
const REPORT_MS = 60_000;
/** Share of the time to stop that the jobs in hand have to finish; the rest is for giving them back. */
const FINISH_SHARE = 0.7;

/**
 * Takes jobs off the queue and has their records written. While Postgres is away a job waits in the worker's hands, so that
 * no more than `concurrency` of them ask for it, and nothing is counted as failed.
 */
@Processor(AUDIT_QUEUE, {
  // A job whose worker was killed is found within lockDuration + 2 x stalledInterval.
  lockDuration: 4000,
  stalledInterval: 2000,
  maxStalledCount: FOR_EVER,
  runRetryDelay: 1000,
  skipVersionCheck: true, // WorkerConnection inspects Redis, and tells the log
  settings: { backoffStrategy: (attemptsMade: number) => jittered(SURPRISE, attemptsMade) },
})
export class AuditProcessor extends WorkerHost implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private lastError = { message: '', atMs: 0 };
  /** No more attempts. */
  private readonly stopping = new AbortController();
  /** No more time for the attempts under way. */
  private readonly cutting = new AbortController();

  constructor(
    @Inject(AUDIT_WORKER_PARTS) private readonly parts: AuditWorkerParts,
    private readonly connection: WorkerConnection,
  ) {
    super();
  }

  onApplicationBootstrap(): void {
    this.worker.concurrency = this.parts.concurrency;
  }

  /** One job: records to write, or the hourly maintenance. */
  async process(job: Job<QueuedJob>, token?: string): Promise<void> {
    const { writer, maintenance } = this.parts;
    try {
      if (job.name === MAINTENANCE_JOB) {
        await this.whenAvailable('db_maintain_partitions', () => maintenance(new Date()));
      } else {
        const records = await unpackJob(job.data);
        await this.whenAvailable('db_log_inference', () => writer.write(records, this.cutting.signal));
      }
    } catch (error) {
      await this.giveBack(job, token, error);
      throw error;
    }
  }

  @OnWorkerEvent('error')
  onError(error: Error): void {
    if (this.isNews(error)) {
      this.parts.log.warning('The queue worker had a failure, and goes on', { error });
    }
  }

  @OnWorkerEvent('failed')
  onFailed(job: Job | undefined, error: Error): void {
    this.parts.log.error('An audit job failed in an unexpected way, and is tried again', { job: job?.id, error });
  }

  @OnWorkerEvent('stalled')
  onStalled(jobId: string): void {
    this.parts.log.warning('An audit job is taken over from a worker that is gone', { job: jobId });
  }

  /** The jobs in hand are finished or given back, for a bounded time; what cannot be given back is found by the next worker. */
  async beforeApplicationShutdown(): Promise<void> {
    const { closeTimeoutMs, log } = this.parts;
    this.stopping.abort();
    const closing = this.worker.close();
    if (!(await isDoneWithin(closing, closeTimeoutMs * FINISH_SHARE))) {
      this.cutting.abort();
      if (!(await isDoneWithin(closing, closeTimeoutMs * (1 - FINISH_SHARE)))) {
        log.warning('The queue worker stops with jobs in hand: the next worker finds them');
      }
    }
    await this.connection.close();
  }

  /** Tries again until the database is there, or the worker stops. */
  private async whenAvailable(operation: DatabaseOperation, work: () => Promise<unknown>): Promise<void> {
    const { signal } = this.stopping;
    for (let attempt = 1; ; attempt++) {
      try {
        await work();
        return;
      } catch (error) {
        if (!(error instanceof DatabaseUnavailableError) || signal.aborted) {
          throw error;
        }
        const delayMs = jittered(RETRY, attempt);
        this.reportRetry({ operation, attempt, delay_ms: delayMs, reason: error.message });
        await pause(delayMs, signal); // the next attempt is the last
      }
    }
  }

  /** Every attempt counts, but of an outage of hours only the attempts 1, 2, 4, 8 and so on are worth a line. */
  private reportRetry(fields: {
    operation: DatabaseOperation;
    attempt: number;
    delay_ms: number;
    reason: string;
  }): void {
    this.parts.observer.onRetry(fields.operation);
    if (Number.isInteger(Math.log2(fields.attempt))) {
      this.parts.log.warning('Retry attempt', fields);
    }
  }

  private isNews({ message }: Error): boolean {
    const nowMs = performance.now();
    const isNews = message !== this.lastError.message || nowMs - this.lastError.atMs > REPORT_MS;
    if (isNews) this.lastError = { message, atMs: nowMs };
    return isNews;
  }

  /** Lets somebody else have the job where that is of use, now or later; other failures are BullMQ's to retry. */
  private async giveBack(job: Job, token: string | undefined, error: unknown): Promise<void> {
    if (error instanceof BlockedJobError) {
      if (this.isNews(error)) this.parts.log.error(error.message, { job: job.id });
      await job.moveToDelayed(Date.now() + BLOCKED_DELAY_MS, token);
      throw new DelayedError();
    }
    if (this.stopping.signal.aborted) {
      await job.moveToWait(token);
      throw new WaitingError();
    }
  }
}

async function isDoneWithin(work: Promise<void>, ms: number): Promise<boolean> {
  const timer = new AbortController();
  try {
    const timeout = sleep(ms, false, { signal: timer.signal }).catch(() => false); // cancelled: the work was faster
    return await Promise.race([work.then(() => true), timeout]);
  } finally {
    timer.abort();
  }
}
