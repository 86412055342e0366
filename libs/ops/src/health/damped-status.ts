import type { HealthStatus } from './health-check.js';

/** What one question found. */
export type Finding = Exclude<HealthStatus, 'unknown'>;

/** A status that one answer by chance does not change; the first answer counts at once. */
export class DampedStatus {
  private current: HealthStatus = 'unknown';
  /** Answers in a row that say otherwise. */
  private streak = 0;

  constructor(
    private readonly failures: number,
    private readonly successes: number,
  ) {}

  get status(): HealthStatus {
    return this.current;
  }

  /** Takes an answer in; returns whether the status has changed. */
  update(finding: Finding): boolean {
    const before = this.current;
    const isOther = before !== 'unknown' && (before === 'unhealthy') !== (finding === 'unhealthy');
    this.streak = isOther ? this.streak + 1 : 0;
    const needed = finding === 'unhealthy' ? this.failures : this.successes;
    if (!isOther || this.streak >= needed) {
      this.current = finding;
      this.streak = 0;
    }
    return this.current !== before;
  }
}
