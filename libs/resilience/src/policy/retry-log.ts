import type { LogWriter } from '../log-writer.js';
import { reasonOf } from '../reason-of.js';
import type { PolicyObserver } from './policy-observer.js';

/** Tells the log that something is tried again; what is given up is told by whoever asked for it. */
export class RetryLog implements PolicyObserver {
  constructor(private readonly log: Pick<LogWriter, 'warning'>) {}

  onRetry(policy: string, retry: { operation: string; attempt: number; delayMs: number; error: unknown }): void {
    const { operation, attempt, delayMs, error } = retry;
    this.log.warning('Retry attempt', {
      dependency: policy,
      operation,
      attempt,
      delay_ms: Math.round(delayMs),
      reason: reasonOf(error),
    });
  }
}
