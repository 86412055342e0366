import { Counter, Registry } from 'prom-client';
import { moved } from '../../../scripts/test-support/moved-series.js';
import { CacheMetrics } from './cache.metrics.js';
import { CACHE_OPERATIONS } from './cache-observer.js';

describe('CacheMetrics', () => {
  it('is at 0 from the start', async () => {
    const registry = new Registry();
    const metrics = new CacheMetrics(registry);
    metrics.watch({ answers: () => ({ size: 0, bytes: 0 }), keys: () => ({ size: 0, bytes: 0 }) });
    expect(await moved(registry)).toEqual({});
    const text = await registry.metrics();
    expect(text).toContain('cache_hits_total 0');
    expect(text).toContain('cache_errors_total{operation="set"} 0');
    expect(text).toContain('fallback_triggered_total{dependency="redis",fallback_type="idempotency_skip"} 0');
  });

  it('moves with everything that is reported', async () => {
    const registry = new Registry();
    const metrics = new CacheMetrics(registry);
    metrics.watch({ answers: () => ({ size: 3, bytes: 900 }), keys: () => ({ size: 2, bytes: 800 }) });
    metrics.onHit();
    metrics.onMiss();
    metrics.onShared();
    CACHE_OPERATIONS.forEach((operation, index) => metrics.onError(operation, index + 4));
    metrics.onFallback('cache_miss', 5);
    metrics.onFallback('cache_skip', 6);
    metrics.onFallback('idempotency_skip', 7);
    metrics.onIdempotencyHit();
    metrics.onIdempotencyMiss();
    metrics.onIdempotencyConflict('mismatch');
    metrics.onIdempotencyConflict('in_flight');
    expect(await moved(registry)).toEqual({
      cache_hits_total: 1,
      cache_misses_total: 1,
      cache_shared_total: 1,
      'cache_errors_total{operation="get"}': 4,
      'cache_errors_total{operation="set"}': 5,
      'cache_errors_total{operation="lock"}': 6,
      'cache_errors_total{operation="check_idempotency"}': 7,
      'cache_errors_total{operation="store_idempotency"}': 8,
      'fallback_triggered_total{dependency="redis",fallback_type="cache_miss"}': 5,
      'fallback_triggered_total{dependency="redis",fallback_type="cache_skip"}': 6,
      'fallback_triggered_total{dependency="redis",fallback_type="idempotency_skip"}': 7,
      idempotency_hits_total: 1,
      idempotency_misses_total: 1,
      'idempotency_conflicts_total{reason="mismatch"}': 1,
      'idempotency_conflicts_total{reason="in_flight"}': 1,
      cache_memory_entries: 3,
      cache_memory_bytes: 900,
      idempotency_memory_keys: 2,
      idempotency_memory_bytes: 800,
    });
  });

  it('shares the counter of fallbacks with whoever registered it first', async () => {
    const registry = new Registry();
    const labelNames = ['dependency', 'fallback_type'];
    const first = new Counter({ name: 'fallback_triggered_total', help: 'x', labelNames, registers: [registry] });
    first.inc({ dependency: 'postgres', fallback_type: 'buffer_log' });
    new CacheMetrics(registry).onFallback('cache_miss', 1);
    expect(await moved(registry)).toEqual({
      'fallback_triggered_total{dependency="postgres",fallback_type="buffer_log"}': 1,
      'fallback_triggered_total{dependency="redis",fallback_type="cache_miss"}': 1,
    });
  });
});
