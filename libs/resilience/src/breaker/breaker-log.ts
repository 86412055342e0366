import type { LogWriter } from '../log-writer.js';
import type { PolicyObserver, StateChange } from '../policy/policy-observer.js';

/** Tells the log when a breaker leaves the closed state and when it is back: what it tries in between is for metrics. */
export class BreakerLog implements PolicyObserver {
  constructor(private readonly log: Pick<LogWriter, 'info' | 'warning'>) {}

  onStateChange({ policy, from, to, reason }: StateChange): void {
    if (to === 'closed') this.log.info('Circuit breaker closed', { dependency: policy, reason });
    else if (from === 'closed')
      this.log.warning(`Circuit breaker ${to.replace('_', ' ')}`, { dependency: policy, reason });
  }
}
