import { Counter, type Registry } from 'prom-client';

/** Counts refusals and decisions made without Redis; no tenant makes a series. */
export class RateLimitMetrics {
  private readonly limited: Counter;
  private readonly alone: Counter;

  constructor(registry: Registry) {
    const registers = [registry];
    this.limited = new Counter({
      name: 'rate_limited_total',
      help: 'Requests refused because their tenant had made too many',
      registers,
    });
    this.alone = new Counter({
      name: 'rate_limit_local_decisions_total',
      help: 'Times that the shared rate limit could not be asked and this process went on alone',
      registers,
    });
  }

  onLimited(): void {
    this.limited.inc();
  }

  onUnavailable(): void {
    this.alone.inc();
  }
}
