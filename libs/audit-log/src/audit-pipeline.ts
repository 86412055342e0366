import type { LogWriter } from '@app/resilience';
import type { AuditAvailability } from './audit-availability.js';
import type { AuditLog } from './audit-log.js';
import type { AuditObserver } from './audit-observer.js';
import type { AuditPipelineOptions } from './audit-options.js';
import type { QueueBoard } from './queue/queue-board.js';
import type { RunningPipeline } from './running-pipeline.js';

/**
 * Takes records from the spool to the table in the background: owns the embedded Postgres, the queue's producer, the
 * shipper and, where there is no other, the worker. Nothing that fails here ever reaches a request.
 */
export class AuditPipeline {
  private running?: RunningPipeline;
  private starting?: Promise<void>;

  constructor(
    private readonly auditLog: AuditLog,
    private readonly options: AuditPipelineOptions,
    private readonly log: LogWriter,
    private readonly observer: AuditObserver,
  ) {}

  /** Begins; what is not there yet is tried until it is. */
  start(): void {
    if (this.auditLog.isOn) {
      this.starting = this.load().catch((error: unknown) => {
        this.log.error('The audit pipeline failed: records wait on the spool until the next start', { error });
      });
    }
  }

  /** Whether the queue is kept in Redis, and there is one at all. */
  get isQueueInRedis(): boolean {
    return this.auditLog.isOn && this.options.services.redisQueueUrl !== undefined;
  }

  availability(): AuditAvailability {
    return this.running?.availability() ?? { database: undefined, queue: undefined, faults: {} };
  }

  /** Age of the oldest record that is not known to be in the table, in seconds; 0 when there is none. */
  lagSeconds(): number {
    return this.running?.lagSeconds() ?? 0;
  }

  /** Connections of this process to the database; undefined while there is no pool. */
  pool(): { size: number; idle: number } | undefined {
    return this.running?.pool();
  }

  /** The page of the queue; undefined while there is no queue. */
  board(): Promise<QueueBoard | undefined> {
    return Promise.resolve(this.running?.board());
  }

  /**
   * Ships what is on the spool and ends. Call it when nothing is appended any more.
   * @param timeoutMs Time for all of it; what is not shipped by then is found by the next start.
   * @returns whether everything is in the table; what is not stays on the spool, whether it is on the queue, too, or not
   */
  async stop(timeoutMs: number): Promise<boolean> {
    await this.starting;
    const shipped = (await this.running?.stop(timeoutMs)) ?? this.auditLog.stats().records === 0;
    await this.auditLog.close();
    return shipped;
  }

  /** Loaded only now: the libraries behind it would cost the server a third of its start-up time. */
  private async load(): Promise<void> {
    const { RunningPipeline } = await import('./running-pipeline.js');
    const { auditLog, options, log, observer } = this;
    this.running = new RunningPipeline({ auditLog, options, log, observer });
    await this.running.start();
  }
}
