import { setTimeout as sleep } from 'node:timers/promises';
import type { INestApplication } from '@nestjs/common';
import type { StandaloneWorker } from '@app/audit-log';
import type { Log } from '@app/ops';

const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;
type Signal = keyof typeof SIGNALS;

/** Ends the process as it is asked to: the jobs in hand are finished or go back to the queue, for a bounded time. */
export class Shutdown {
  private running?: { app: INestApplication; worker: StandaloneWorker };
  private begun = false;

  constructor(
    private readonly log: Log,
    private readonly timeoutMs: number,
  ) {}

  /** Whether the worker is on its way out. */
  isStopping(): boolean {
    return this.begun;
  }

  /** From here on SIGTERM and SIGINT end the process in order; a second one ends it at once. */
  watchSignals(): void {
    for (const signal of Object.keys(SIGNALS) as Signal[]) {
      process.on(signal, () => void this.onSignal(signal));
    }
  }

  /** What to close; before there is something, no job can be in hand. */
  attach(app: INestApplication, worker: StandaloneWorker): void {
    this.running = { app, worker };
  }

  private async onSignal(signal: Signal): Promise<void> {
    if (this.begun || !this.running) {
      process.exit(this.begun ? 128 + SIGNALS[signal] : 0);
    }
    this.begun = true;
    this.log.info('Stopping: no new jobs, those in hand are finished', { signal });
    const { app, worker } = this.running;
    try {
      const closing = app.close().then(() => worker.stop());
      const outcome = await Promise.race([closing.then(() => 'closed'), sleep(this.timeoutMs, 'late')]);
      this.log.info(outcome === 'closed' ? 'Stopped' : 'Stopped late: a job in hand is found by the next worker');
      process.exit(0);
    } catch (error) {
      this.log.error('Stopping failed', { error });
      process.exit(1);
    }
  }
}
