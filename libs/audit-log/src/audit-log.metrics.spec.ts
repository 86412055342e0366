import { Registry } from 'prom-client';
import { moved } from '../../../scripts/test-support/moved-series.js';
import { AuditMetrics } from './audit-log.metrics.js';

describe('AuditMetrics', () => {
  it('is at 0 from the start', async () => {
    const registry = new Registry();
    const metrics = new AuditMetrics(registry);
    metrics.watch({ spool: () => ({ records: 0, bytes: 0, maxBytes: 0 }), lagSeconds: () => 0, pool: () => undefined });
    expect(await moved(registry)).toEqual({});
    const text = await registry.metrics();
    expect(text).toContain('dropped_logs_total 0');
    expect(text).toContain('db_operations_total{operation="db_log_inference",status="error"} 0');
  });

  it('moves with everything that is reported', async () => {
    const registry = new Registry();
    const metrics = new AuditMetrics(registry);
    metrics.watch({
      spool: () => ({ records: 7, bytes: 700, maxBytes: 1000 }),
      lagSeconds: () => 1.5,
      pool: () => ({ size: 4, idle: 3 }),
    });
    metrics.onDropped(2);
    metrics.onSpooled(8, 0.25);
    metrics.onCorrupt(3);
    metrics.onShipped(100, false);
    metrics.onShipped(50, true);
    metrics.onRowsWritten(120);
    metrics.onDeadLetters(4);
    metrics.onDatabaseOperation('db_log_inference', 'success', 0.5);
    metrics.onRetry('db_log_inference');
    expect(await moved(registry)).toEqual({
      dropped_logs_total: 2,
      audit_spool_group_size_sum: 8,
      audit_spool_group_size_count: 1,
      audit_spool_write_seconds_sum: 0.25,
      audit_spool_write_seconds_count: 1,
      audit_spool_corrupt_lines_total: 3,
      audit_records_shipped_total: 150,
      audit_jobs_resent_total: 1,
      audit_batch_size_sum: 150,
      audit_batch_size_count: 2,
      audit_rows_written_total: 120,
      audit_dead_letters_total: 4,
      'db_operations_total{operation="db_log_inference",status="success"}': 1,
      'db_operation_duration_seconds_sum{operation="db_log_inference"}': 0.5,
      'db_operation_duration_seconds_count{operation="db_log_inference"}': 1,
      'retry_attempts_total{operation="db_log_inference"}': 1,
      audit_spool_records: 7,
      audit_spool_bytes: 700,
      audit_spool_max_bytes: 1000,
      audit_lag_seconds: 1.5,
      db_connection_pool_size: 4,
      db_connection_pool_available: 3,
    });
  });
});
