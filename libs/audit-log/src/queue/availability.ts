import { reasonOf } from '@app/resilience';
import type { Fault } from '../audit-options.js';
import type { LogWriter } from '../log-writer.js';
import { UnfitRedisError } from './audit-queue.errors.js';

/** Knows whether a service can be reached, and tells the log once per change. */
export class Availability {
  private state: 'unknown' | 'up' | 'down' = 'unknown';
  private lastFault?: Fault;

  constructor(
    private readonly service: string,
    private readonly log: LogWriter,
    private readonly describe: (error: unknown) => string = reasonOf,
  ) {}

  /** Why it cannot be reached; undefined while it can. */
  get reason(): string | undefined {
    return this.lastFault?.reason;
  }

  /** The same for probes, too. */
  get fault(): Fault | undefined {
    return this.lastFault;
  }

  get isUp(): boolean {
    return this.state === 'up';
  }

  /** Whether it can be reached; undefined before anybody has tried. */
  get known(): boolean | undefined {
    return this.state === 'unknown' ? undefined : this.isUp;
  }

  /** It has answered. */
  up(): void {
    if (this.state === 'down') {
      this.log.info(`${this.service} available`);
    }
    this.state = 'up';
    delete this.lastFault;
  }

  /** It has failed or not answered. */
  down(error: unknown): void {
    const reason = this.describe(error);
    this.lastFault = error instanceof UnfitRedisError ? { reason, publicReason: error.message } : { reason };
    if (this.state !== 'down') {
      this.log.warning(`${this.service} unavailable: ${reason}`);
    }
    this.state = 'down';
  }
}
