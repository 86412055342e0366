import { Inject, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { jittered } from '@app/resilience';
import { pause } from '../pause.js';
import { AuditQueue } from './audit-queue.js';
import { QueueUnavailableError } from './audit-queue.errors.js';
import { AUDIT_WORKER_PARTS, type AuditWorkerParts } from './audit-worker.options.js';

const HOUR_MS = 3_600_000;
const RETRY = { baseMs: 500, capMs: 30_000 };

/**
 * Has one worker look after the table now and every hour, by a job on the queue, however many workers there are. A queue that was
 * emptied has forgotten it, so it is told again as often.
 */
export class MaintenanceSchedule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly stopping = new AbortController();
  private running?: Promise<void>;

  constructor(
    @Inject(AUDIT_WORKER_PARTS) private readonly parts: AuditWorkerParts,
    private readonly queue: AuditQueue,
  ) {}

  onApplicationBootstrap(): void {
    this.running = this.keepScheduled();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async keepScheduled(): Promise<void> {
    const { signal } = this.stopping;
    let hasStarted = false;
    for (let failures = 0; !signal.aborted;) {
      const isScheduled = await this.schedule(!hasStarted);
      hasStarted ||= isScheduled;
      failures = isScheduled ? 0 : failures + 1;
      const waitMs = failures === 0 ? HOUR_MS : jittered(RETRY, failures);
      await pause(waitMs, signal); // the shutdown cuts it short
    }
  }

  private async schedule(isFirst: boolean): Promise<boolean> {
    try {
      const isNew = await this.queue.scheduleMaintenance(HOUR_MS);
      if (isFirst && !isNew) {
        await this.queue.requestMaintenance();
      }
      return true;
    } catch (error) {
      if (!(error instanceof QueueUnavailableError)) {
        this.parts.log.error('The maintenance of the audit table could not be scheduled', { error });
      }
      return false;
    }
  }
}
