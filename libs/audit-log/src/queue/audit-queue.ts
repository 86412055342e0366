import { type JobsOptions, type JobState, Queue, type QueueOptions } from 'bullmq';
import {
  CircuitOpenError,
  DependencyTimeoutError,
  isRedisFull,
  isRedisUnwritable,
  type LogWriter,
  type Policy,
} from '@app/resilience';
import { openPolicies } from '../audit-policies.js';
import { sqlStateOf } from '../database/database-failure.js';
import { AUDIT_QUEUE, MAINTENANCE_JOB, RECORDS_JOB } from './audit-job.js';
import { FullRedisError, QueueUnavailableError } from './audit-queue.errors.js';
import type { Availability } from './availability.js';
import type { QueuedJob } from './job-codec.js';
import { PostgresQueuePool } from './postgres-queue-pool.js';
import { installQueueBackend, type QueueConnection } from './queue-backend.js';
import { availabilityOf, type QueueServer } from './queue-server.js';
import { firstAnswer, isUnsent, producerRedis } from './redis-connections.js';
import { RedisFitness } from './redis-fitness.js';

/** What has become of a job: `lost` when the queue knows nothing of it, so that it has to be sent again. */
export type JobProgress = 'completed' | 'known' | 'lost';

/** A number of jobs for each state that `falcon audit status` shows. */
export interface QueueCounts {
  waiting: number;
  active: number;
  delayed: number;
  failed: number;
  completed: number;
}

/** What the drivers of Redis and of Postgres say of an answer that did not come in time. */
const TIMED_OUT = /timed out|timeout/i;
/** What a Postgres says that answers, and takes nothing: it is read-only, its disk is full, a permission is missing. */
const POSTGRES_TAKES_NOTHING = new Set(['25006', '53100', '42501']);
/** Old jobs that are removed at once, so that others do not wait for long meanwhile. */
const MOST_CLEANED = 1000;
const MAX_INT = 2 ** 31 - 1;
const NOTHING: QueuedJob = { format: 0, records: 0, rows: '' };
const POSTGRES_CONNECTIONS = 2;

/** For the jobs of a producer that never comes back. BullMQ applies it to all that are completed, whichever job it came with. */
const KEEP_COMPLETED = { age: 900 };

/** A job is tried for ever, because what it carries has to get into the table. Once it is completed its producer removes it. */
const JOB_OPTIONS: JobsOptions = {
  attempts: MAX_INT,
  backoff: { type: 'custom' },
  removeOnComplete: KEEP_COMPLETED,
  stackTraceLimit: 1,
};

/** The producer's end of the queue. Every call is answered or fails with a QueueUnavailableError within the timeout. */
export class AuditQueue {
  /** Whether the queue can be reached, as the last call or the connection itself found. */
  readonly availability: Availability;
  private readonly connection: QueueConnection;
  private readonly fitness: RedisFitness | undefined;
  private opened?: Promise<Queue<QueuedJob>>;
  private isClosed = false;

  constructor(
    server: QueueServer,
    private readonly timeoutMs: number,
    log: LogWriter,
    private readonly policy: Policy = openPolicies().queue,
  ) {
    installQueueBackend();
    this.availability = availabilityOf(server, log);
    this.connection =
      server.kind === 'redis'
        ? producerRedis(server.url, timeoutMs, this.availability)
        : new PostgresQueuePool(
            { connection: server.connection, max: POSTGRES_CONNECTIONS, timeoutMs, patient: false },
            this.availability,
          );
    this.fitness = this.connection instanceof PostgresQueuePool ? undefined : new RedisFitness(this.connection, log);
  }

  /** Puts a job on the queue; one that is there already under its id stays as it is. */
  async add(id: string, job: QueuedJob): Promise<void> {
    await this.write(async (queue) => {
      try {
        await this.fitness?.requireRoom(sizeOf(job), () => queue.getWaitingCount());
        await queue.add(RECORDS_JOB, job, { ...JOB_OPTIONS, jobId: id });
      } catch (error) {
        if (isFull(error)) {
          // BullMQ would do so when the next job is completed, and there may be none any more.
          await queue.clean(KEEP_COMPLETED.age * 1000, MOST_CLEANED).catch(() => undefined); // the refusal says enough
        }
        throw error;
      }
    });
  }

  /** What has become of jobs, in the order of their ids. */
  async progressOf(ids: readonly string[]): Promise<JobProgress[]> {
    const states = await this.call((queue) => Promise.all(ids.map((id) => queue.getJobState(id))));
    return states.map(progressOf);
  }

  /** Removes jobs that are of no use any more; one that a worker holds stays. */
  async remove(ids: readonly string[]): Promise<void> {
    await this.call((queue) => Promise.all(ids.map((id) => queue.remove(id))));
  }

  /** Asks the queue whether it is there and still fit; `availability` has the answer. */
  async check(): Promise<void> {
    this.fitness?.forget();
    await this.call((queue) => queue.getWaitingCount()).catch(() => undefined); // the log says why it is away
  }

  /** How many jobs there are in each state. */
  async counts(): Promise<QueueCounts> {
    const counts = await this.call((queue) =>
      queue.getJobCounts('waiting', 'active', 'delayed', 'failed', 'completed'),
    );
    const { waiting = 0, active = 0, delayed = 0, failed = 0, completed = 0 } = counts;
    return { waiting, active, delayed, failed, completed };
  }

  /** Asks a worker to look after the table as soon as it can; once is enough for all who ask meanwhile. */
  async requestMaintenance(): Promise<void> {
    const options = { jobId: 'maintenance-now', removeOnComplete: true, removeOnFail: true };
    await this.write((queue) => queue.add(MAINTENANCE_JOB, NOTHING, options));
  }

  /**
   * From here on a worker is asked every `everyMs` to look after the table, the first time at once.
   * @returns whether that is new; calling it again changes nothing, unless a clock that was ahead has put the next time far off
   */
  async scheduleMaintenance(everyMs: number): Promise<boolean> {
    const template = {
      name: MAINTENANCE_JOB,
      data: NOTHING,
      opts: { removeOnComplete: KEEP_COMPLETED, removeOnFail: { count: 5 } },
    };
    return this.write(async (queue) => {
      const existing = await queue.getJobScheduler(MAINTENANCE_JOB);
      const isFarOff = (existing?.next ?? 0) > Date.now() + 2 * everyMs;
      if (isFarOff) await queue.removeJobScheduler(MAINTENANCE_JOB); // BullMQ would keep to that time
      await queue.upsertJobScheduler(MAINTENANCE_JOB, { every: everyMs }, template);
      return existing === undefined || isFarOff;
    });
  }

  /** BullMQ's own object, for the board. */
  bull(): Promise<Queue<QueuedJob>> {
    this.opened ??= this.open().catch((error: unknown) => {
      delete this.opened; // the next call tries again
      throw error;
    });
    return this.opened;
  }

  /** Gives the connections up. */
  async close(): Promise<void> {
    this.isClosed = true;
    const queue = await this.opened?.catch(() => undefined);
    await queue?.close();
    if (this.connection instanceof PostgresQueuePool) {
      await this.connection.end();
    } else {
      this.connection.disconnect();
    }
  }

  /** A call that puts something on the queue, by one who tries again until it is there: that ends what a refusal began. */
  private async write<T>(action: (queue: Queue<QueuedJob>) => Promise<T>): Promise<T> {
    const result = await this.call(async (queue) => {
      try {
        return await action(queue);
      } catch (error) {
        if (takesNothing(error)) this.availability.refused(error);
        throw error;
      }
    });
    this.availability.written();
    return result;
  }

  private async call<T>(action: (queue: Queue<QueuedJob>) => Promise<T>): Promise<T> {
    if (this.isClosed) {
      throw new QueueUnavailableError('it is closed');
    }
    try {
      const result = await this.policy.execute(() => this.attempt(action));
      this.availability.up();
      return result;
    } catch (error) {
      if (
        !(error instanceof CircuitOpenError) &&
        !takesNothing(error) &&
        (!isUnsent(error) || this.availability.isUp)
      ) {
        this.availability.down(error instanceof DependencyTimeoutError ? error.cause : error);
      }
      throw new QueueUnavailableError(this.availability.reason ?? error);
    }
  }

  private async attempt<T>(action: (queue: Queue<QueuedJob>) => Promise<T>): Promise<T> {
    try {
      const queue = await this.bull();
      await this.fitness?.require();
      return await action(queue);
    } catch (error) {
      if (!(error instanceof Error) || !TIMED_OUT.test(error.message)) {
        throw error;
      }
      throw new DependencyTimeoutError(this.policy.stage, this.timeoutMs, { cause: error });
    }
  }

  private async open(): Promise<Queue<QueuedJob>> {
    const options: QueueOptions = {
      connection: this.connection,
      // A producer asks Redis nothing before it is connected, and does not wait until it is.
      skipWaitingForReady: true,
      skipVersionCheck: true,
      skipMetasUpdate: true,
    };
    if (!(this.connection instanceof PostgresQueuePool)) {
      await firstAnswer(this.connection, this.timeoutMs);
    }
    const queue = new Queue<QueuedJob>(AUDIT_QUEUE, options);
    queue.on('error', (error) => this.availability.down(error));
    try {
      await queue.waitUntilReady();
    } catch (error) {
      await queue.close();
      throw error;
    }
    return queue;
  }
}

function sizeOf(job: QueuedJob): number {
  return 'zstd' in job ? job.zstd.length : job.rows.length;
}

function isFull(error: unknown): boolean {
  return error instanceof FullRedisError || isRedisFull(error);
}

/** Whether a queue that answers will not have anything put on it. */
function takesNothing(error: unknown): boolean {
  return isFull(error) || isRedisUnwritable(error) || POSTGRES_TAKES_NOTHING.has(sqlStateOf(error) ?? '');
}

function progressOf(state: JobState | 'unknown'): JobProgress {
  if (state === 'completed') {
    return 'completed';
  }
  // A job that has failed for good is as good as lost: nobody will take it again.
  return state === 'unknown' || state === 'failed' ? 'lost' : 'known';
}
