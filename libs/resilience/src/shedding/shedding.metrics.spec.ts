import { Registry } from 'prom-client';
import { moved } from '../../../../scripts/test-support/moved-series.js';
import { LoadShedder } from './load-shedder.js';
import { registerSheddingMetrics } from './shedding.metrics.js';

describe('the metrics of load shedding', () => {
  it('are at 0 from the start and move with every decision', async () => {
    const registry = new Registry();
    const pressure = { level: 0, reason: 'event_loop' as const };
    const shedder = new LoadShedder({ limit: { kind: 'fixed', maxInflight: 2 }, pressure });
    registerSheddingMetrics(registry, shedder);
    expect(await moved(registry)).toEqual({ concurrency_limit: 2 });
    expect(await registry.metrics()).toContain('shed_total{priority="critical",reason="memory"} 0');
    for (let k = 0; k < 3; k++) shedder.acquire('normal');
    pressure.level = 1;
    shedder.acquire('low');
    expect(await moved(registry)).toEqual({
      concurrency_limit: 2,
      inflight_requests: 2,
      'shed_total{priority="normal",reason="limit"}': 1,
      'shed_total{priority="low",reason="event_loop"}': 1,
    });
  });
});
