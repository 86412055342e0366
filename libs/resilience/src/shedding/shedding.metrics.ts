import { Counter, Gauge, type Registry } from 'prom-client';
import type { LoadShedder } from './load-shedder.js';

/** Registers what a load shedder counts; it is read at each scrape, so that a refusal costs no metric. */
export function registerSheddingMetrics(registry: Registry, shedder: LoadShedder): void {
  const registers = [registry];
  const shed: Counter<'priority' | 'reason'> = new Counter({
    name: 'shed_total',
    help: 'Requests refused because the server had enough to do',
    labelNames: ['priority', 'reason'],
    registers,
    collect: () => {
      shed.reset();
      for (const [priority, reasons] of shedder.refusals) {
        for (const [reason, count] of Object.entries(reasons)) shed.inc({ priority, reason }, count);
      }
    },
  });
  const limit: Gauge = new Gauge({
    name: 'concurrency_limit',
    help: 'Requests that may be under way',
    registers,
    collect: () => limit.set(shedder.limit),
  });
  const inflight: Gauge = new Gauge({
    name: 'inflight_requests',
    help: 'Requests under way that passed the load shedder',
    registers,
    collect: () => inflight.set(shedder.inflight),
  });
}
