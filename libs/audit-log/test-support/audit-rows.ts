import { randomUUIDv7 } from 'node:crypto';
import { RECORD_FORMAT, type AuditRecord } from '../src/audit-record.js';
import type { AuditJob } from '../src/queue/audit-job.js';

/** A record as the API makes it, as JSON; with other values, also such that no API would make. */
export function recordLine(values: Partial<Record<keyof AuditRecord, unknown>> = {}): string {
  return JSON.stringify({
    id: randomUUIDv7(),
    request_id: 'request-1',
    batch_index: 3,
    created_at: new Date().toISOString(),
    worker_id: 'worker-1',
    tenant: 'anon',
    model: 'sentiment',
    model_version: '1',
    text_hash: 'a'.repeat(64),
    text_length: 12,
    text: 'Grüße, 😀',
    prediction: 'positive',
    confidence: 0.97,
    probabilities: { negative: 0.03, positive: 0.97 },
    mode: 'fresh',
    cache_hit: false,
    idempotency_hit: false,
    priority: 'normal',
    success: true,
    status: 200,
    processing_time_ms: 1.25,
    inference_time_ms: 0.5,
    client_ip: '2001:db8::1',
    ...values,
  });
}

/** The job that carries these lines. */
export function jobOf(lines: readonly string[], format = RECORD_FORMAT): AuditJob {
  return { format, records: lines.length, rows: lines.join('\n') };
}
