import type { LogWriter } from '../log-writer.js';

/** Knows whether a service can be reached, and tells the log once per change. */
export class Availability {
  private state: 'unknown' | 'up' | 'down' = 'unknown';
  private lastReason?: string;

  constructor(
    private readonly service: string,
    private readonly log: LogWriter,
    private readonly describe: (error: unknown) => string = reasonOf,
  ) {}

  /** Why it cannot be reached; undefined while it can. */
  get reason(): string | undefined {
    return this.lastReason;
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
    delete this.lastReason;
  }

  /** It has failed or not answered. */
  down(error: unknown): void {
    this.lastReason = this.describe(error);
    if (this.state !== 'down') {
      this.log.warning(`${this.service} unavailable: ${this.lastReason}`);
    }
    this.state = 'down';
  }
}

/** The sentence of an error; a connection tried over several addresses has the words in its parts. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return reasonOf(error.errors[0]);
  }
  const reason = error instanceof Error ? error.message || error.name : String(error);
  return reason.replace(/^Error: /, ''); // some drivers put one error's text into another
}
