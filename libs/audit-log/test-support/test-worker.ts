import { Worker } from 'bullmq';
import { AUDIT_QUEUE, type AuditJob } from '../src/queue/audit-job.js';
import { type QueuedJob, unpackJob } from '../src/queue/job-codec.js';
import type { QueueServer } from '../src/queue/queue-server.js';
import { WorkerConnection } from '../src/queue/worker-connection.js';
import { recordingLog } from './recording-log.js';

/** A worker that keeps what it is given. */
export class TestWorker {
  private readonly jobs: AuditJob[] = [];
  private connection?: WorkerConnection;
  private worker?: Worker<QueuedJob>;

  constructor(private readonly server: QueueServer) {}

  /** Number of records so far. */
  get records(): number {
    return this.jobs.reduce((sum, { records }) => sum + records, 0);
  }

  start(): void {
    this.connection = new WorkerConnection(this.server, 1, recordingLog());
    this.worker = new Worker<QueuedJob>(AUDIT_QUEUE, async ({ data }) => void this.jobs.push(await unpackJob(data)), {
      connection: this.connection.connection,
      stalledInterval: 1000,
    });
    this.worker.on('error', () => undefined);
  }

  /** The `id`s of the records, in order. */
  ids(): number[] {
    const rows = this.jobs.flatMap((job) => job.rows.split('\n'));
    return rows.map((row) => (JSON.parse(row) as { id: number }).id).toSorted((a, b) => a - b);
  }

  async stop(): Promise<void> {
    await this.worker?.close();
    await this.connection?.close();
  }
}
