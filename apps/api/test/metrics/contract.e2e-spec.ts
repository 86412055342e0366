import { makeDataDir } from '../../../../libs/audit-log/test-support/data-dir.js';
import { exportedMetrics, type Metric } from '../support/exported-metrics.js';
import { startWithClient, stop, type Running } from '../support/running.js';

/** What dashboards, alerts and runbooks of others count on: names, types and labels that may not change. */
const PROMISED: [name: string, type: string, labels: string[]][] = [
  ['inference_requests_total', 'counter', ['status', 'cache_hit']],
  ['inference_errors_total', 'counter', ['error_type']],
  ['inference_duration_seconds', 'histogram', ['cache_hit']],
  ['inference_duration_seconds_quantile', 'summary', ['quantile']],
  ['cache_hits_total', 'counter', []],
  ['cache_misses_total', 'counter', []],
  ['cache_errors_total', 'counter', ['operation']],
  ['idempotency_hits_total', 'counter', []],
  ['idempotency_misses_total', 'counter', []],
  ['db_operations_total', 'counter', ['operation', 'status']],
  ['db_operation_duration_seconds', 'histogram', ['operation']],
  ['db_connection_pool_size', 'gauge', []],
  ['db_connection_pool_available', 'gauge', []],
  ['circuit_breaker_state', 'gauge', ['dependency']],
  ['circuit_breaker_state_info', 'gauge', ['dependency', 'state']],
  ['circuit_breaker_failures_total', 'counter', ['dependency']],
  ['circuit_breaker_successes_total', 'counter', ['dependency']],
  ['retry_attempts_total', 'counter', ['operation']],
  ['model_load_duration_seconds', 'gauge', []],
  ['model_inference_batch_size', 'histogram', []],
  ['memory_usage_bytes', 'gauge', []],
  ['dropped_logs_total', 'counter', []],
  ['fallback_triggered_total', 'counter', ['dependency', 'fallback_type']],
  ['app_info', 'gauge', ['app_name', 'version']],
  ['http_requests_total', 'counter', ['method', 'path', 'status']],
  ['http_request_duration_seconds', 'histogram', ['method', 'path']],
  ['http_requests_in_progress', 'gauge', ['method', 'path']],
  ['timeouts_total', 'counter', ['stage']],
  ['shed_total', 'counter', ['priority', 'reason']],
  ['rate_limited_total', 'counter', []],
  ['degraded_total', 'counter', ['mode', 'reason']],
  ['dependency_duration_seconds', 'histogram', ['dependency', 'operation']],
  ['concurrency_limit', 'gauge', []],
  ['inflight_requests', 'gauge', []],
  ['inference_queue_depth', 'gauge', ['model']],
  ['inference_batch_size', 'histogram', ['model']],
  ['audit_spool_records', 'gauge', []],
  ['audit_spool_bytes', 'gauge', []],
  ['audit_lag_seconds', 'gauge', []],
  ['audit_rows_written_total', 'counter', []],
  ['model_info', 'gauge', ['model', 'version', 'state', 'backend']],
];

/** Bounds that queries of others may name. */
const BUCKETS: [name: string, bounds: number[]][] = [
  ['inference_duration_seconds', [0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]],
  ['db_operation_duration_seconds', [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5]],
  ['model_inference_batch_size', [1, 2, 4, 8, 16, 32, 64, 100]],
];

/** Series that the alerts, or somebody who greps, looks for by a label's value. */
const SERIES = [
  'inference_requests_total{status="success",cache_hit="True"',
  'inference_requests_total{status="success",cache_hit="False"',
  'inference_requests_total{status="success",cache_hit="idempotency"',
  'inference_requests_total{status="error",cache_hit="false"',
  'cache_errors_total{operation="get"',
  'cache_errors_total{operation="set"',
  'db_operations_total{operation="db_log_inference",status="success"',
  'db_operations_total{operation="db_log_inference",status="error"',
  'circuit_breaker_state{dependency="redis"',
  'circuit_breaker_failures_total{dependency="redis"',
  'retry_attempts_total{operation="db_log_inference"',
  'fallback_triggered_total{dependency="redis",fallback_type="cache_miss"',
  'fallback_triggered_total{dependency="redis",fallback_type="cache_skip"',
  'fallback_triggered_total{dependency="redis",fallback_type="idempotency_skip"',
  'inference_duration_seconds_quantile{quantile="0.95"',
];

describe('what others count on in /metrics', () => {
  const dataDir = makeDataDir();
  let running: Running;
  let text: string;
  let metrics: Map<string, Metric>;

  beforeAll(async () => {
    // As it ships: everything on.
    running = await startWithClient({
      DATA_DIR: dataDir,
      AUDIT_DURABILITY: 'process',
      RATE_LIMIT_ENABLED: 'true',
      LOAD_SHEDDING: 'adaptive',
      CACHE_ENABLED: 'true',
    });
    await running.client.infer({ text: 'a good day' });
    ({ text } = await running.client.get('/metrics'));
    metrics = exportedMetrics(text);
  }, 60_000);
  afterAll(() => stop(running));

  it.each(PROMISED)('%s is a %s with the labels %j', (name, type, labels) => {
    expect(metrics.get(name)).toEqual({ type, labels: [...labels, 'worker_id'].toSorted() });
  });

  it.each(BUCKETS)('%s has the buckets %j', (name, bounds) => {
    const found = [...text.matchAll(new RegExp(`^${name}_bucket\\{.*\\ble="([\\d.]+)"`, 'gm'))].map(([, le]) =>
      Number(le),
    );
    expect([...new Set(found)]).toEqual(expect.arrayContaining(bounds));
  });

  it.each(SERIES)('%s} is there before it moves', (series) => {
    expect(text.split('\n')).toContainEqual(expect.stringContaining(series) as string);
  });

  it.each([
    'nodejs_eventloop_lag_seconds',
    'nodejs_heap_size_used_bytes',
    'process_cpu_seconds_total',
    'nodejs_gc_duration_seconds',
  ])('has %s of Node.js', (name) => {
    expect(text).toMatch(new RegExp(`^# TYPE ${name} `, 'm'));
  });
});
