import { reasonOf, type LogWriter } from '@app/resilience';
import type { Fault } from '../audit-availability.js';
import { UnfitRedisError } from './audit-queue.errors.js';

/** Knows whether a service can be used, and tells the log once per change. */
export class Availability {
  private state: 'unknown' | 'up' | 'down' = 'unknown';
  private lastFault: Fault | undefined;
  /** Why it takes nothing; that it answers says nothing against that. */
  private refusal: Fault | undefined;

  constructor(
    private readonly service: string,
    private readonly log: LogWriter,
    private readonly describe: (error: unknown) => string = reasonOf,
  ) {}

  /** Why it cannot be used; undefined while it can. */
  get reason(): string | undefined {
    return this.fault?.reason;
  }

  /** The same for probes, too. */
  get fault(): Fault | undefined {
    return this.lastFault ?? this.refusal;
  }

  get isUp(): boolean {
    return this.answers && !this.refusal;
  }

  /** Whether it answers, though it may take nothing. */
  get answers(): boolean {
    return this.state === 'up';
  }

  /** Whether it can be used; undefined before anybody has tried. */
  get known(): boolean | undefined {
    return this.state === 'unknown' ? undefined : this.isUp;
  }

  /** It has answered. */
  up(): void {
    this.change('up', undefined, this.refusal);
  }

  /** It has taken something. */
  written(): void {
    this.change('up', undefined, undefined);
  }

  /** It has failed or not answered. */
  down(error: unknown): void {
    this.change('down', this.faultOf(error), this.refusal);
  }

  /** It has answered that it takes nothing, which holds until it has taken something. */
  refused(error: unknown): void {
    this.change('up', undefined, this.faultOf(error));
  }

  private change(state: 'up' | 'down', lastFault: Fault | undefined, refusal: Fault | undefined): void {
    const before = this.known;
    this.state = state;
    this.lastFault = lastFault;
    this.refusal = refusal;
    if (this.isUp && before === false) this.log.info(`${this.service} available`);
    if (!this.isUp && before !== false) this.log.warning(`${this.service} unavailable: ${this.reason}`);
  }

  private faultOf(error: unknown): Fault {
    const reason = this.describe(error);
    return error instanceof UnfitRedisError ? { reason, publicReason: error.message } : { reason };
  }
}
