import type { PolicyObserver, StateChange } from '../policy/policy-observer.js';

/** Where lines go. */
interface BreakerLogWriter {
  info(message: string, fields: Record<string, unknown>): void;
  warning(message: string, fields: Record<string, unknown>): void;
}

/** Tells the log when a breaker leaves the closed state and when it is back: what it tries in between is for metrics. */
export class BreakerLog implements PolicyObserver {
  constructor(private readonly log: BreakerLogWriter) {}

  onStateChange({ policy, from, to, reason }: StateChange): void {
    if (to === 'closed') this.log.info('Circuit breaker closed', { dependency: policy, reason });
    else if (from === 'closed')
      this.log.warning(`Circuit breaker ${to.replace('_', ' ')}`, { dependency: policy, reason });
  }
}
