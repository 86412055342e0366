import { AuditQueue } from '../src/queue/audit-queue.js';
import type { QueueServer } from '../src/queue/queue-server.js';
import { jobOf, recordLine } from './audit-rows.js';
import { recordingLog } from './recording-log.js';

const TIMEOUT_MS = 5000;

/** The queue's end without an API: jobs for a worker that a test has started. */
export class JobFeed {
  private readonly queue: AuditQueue;

  constructor(server: QueueServer) {
    this.queue = new AuditQueue(server, TIMEOUT_MS, recordingLog());
  }

  /** Puts a job with so many records of one request on the queue. */
  async put(requestId: string, records: number): Promise<void> {
    const lines = Array.from({ length: records }, (_, index) =>
      recordLine({ request_id: requestId, batch_index: index }),
    );
    await this.queue.add(requestId, jobOf(lines));
  }

  /** Which of the jobs are completed. */
  async completed(requestIds: readonly string[]): Promise<number> {
    const progress = await this.queue.progressOf(requestIds);
    return progress.filter((state) => state === 'completed').length;
  }

  /** Jobs that a worker has in hand. */
  async active(): Promise<number> {
    return (await this.queue.counts()).active;
  }

  close(): Promise<void> {
    return this.queue.close();
  }
}
