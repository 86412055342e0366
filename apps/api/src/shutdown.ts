import type { Server } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import { AuditPipeline } from '@app/audit-log';
import type { Log } from '@app/ops';
import { Lifecycle } from './lifecycle.js';

const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;
type Signal = keyof typeof SIGNALS;

/** Ends the process as it is asked to: what is in flight is answered and put on record first, for a bounded time. */
export class Shutdown {
  private app?: INestApplication;
  private begun = false;
  private closeLast: () => void = () => undefined;

  constructor(
    private readonly log: Log,
    private readonly timeoutMs: number,
  ) {}

  /** From here on SIGTERM and SIGINT end the process in order; a second one ends it at once. */
  watchSignals(): void {
    for (const signal of Object.keys(SIGNALS) as Signal[]) {
      process.on(signal, () => void this.onSignal(signal));
    }
  }

  /** The application to close; before there is one, nothing can be in flight. */
  attach(app: INestApplication): void {
    this.app = app;
  }

  /** What to close when nothing is in flight any more. */
  onStopped(close: () => void): void {
    this.closeLast = close;
  }

  private async onSignal(signal: Signal): Promise<void> {
    if (this.begun || !this.app) {
      process.exit(this.begun ? 128 + SIGNALS[signal] : 0);
    }
    this.begun = true;
    this.log.info('Stopping: no new connections, what is in flight is answered', { signal });
    this.app.get(Lifecycle).stop();
    process.exit(await this.close(this.app));
  }

  /** Resolves to the exit code: 0, or 1 when answers had to be given up. */
  private async close(app: INestApplication): Promise<number> {
    const deadlineMs = performance.now() + this.timeoutMs;
    const timedOut = Symbol('timed out');
    const timeout = new Promise<symbol>((resolve) => setTimeout(() => resolve(timedOut), this.timeoutMs));
    try {
      if ((await Promise.race([app.close(), timeout])) === timedOut) {
        this.log.warning('Stopped with requests unanswered: the shutdown timeout passed', {
          timeout_ms: this.timeoutMs,
        });
        (app.getHttpServer() as Server).closeAllConnections();
        return 1;
      }
      const shipping = app.get(AuditPipeline).stop(Math.max(0, deadlineMs - performance.now()));
      if ((await Promise.race([shipping, timeout])) !== true) {
        this.log.warning('Audit records are left on the spool: the next start ships them');
      }
      this.closeLast();
      this.log.info('Stopped');
      return 0;
    } catch (error) {
      this.log.error('Stopping failed', { error });
      return 1;
    }
  }
}
