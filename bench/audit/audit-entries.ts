import { randomUUID } from 'node:crypto';
import type { AuditEntry } from '@app/audit-log';

const LABELS = ['negative', 'neutral', 'positive'] as const;

/** Another text each time. */
export function textOf(number: number): string {
  return `the coffee was good but the train was late again, and the weather ${number}`;
}

/** What the API would record of its `number`th answer: all members that an ordinary answer has. */
export function entryOf(number: number): AuditEntry {
  const positive = ((number * 7919) % 9973) / 9973;
  const negative = (1 - positive) / 3;
  const prediction = LABELS[positive > 0.4 ? 2 : 1];
  return {
    request_id: randomUUID(),
    tenant: 'default',
    model: 'sentiment',
    model_version: '1',
    prediction,
    confidence: Math.max(positive, 1 - positive - negative),
    probabilities: { negative, neutral: 1 - positive - negative, positive },
    mode: 'fresh',
    cache_hit: false,
    idempotency_hit: false,
    priority: 'normal',
    success: true,
    status: 200,
    processing_time_ms: 1 + positive,
    inference_time_ms: 0.5 + negative,
    client_ip: '127.0.0.1',
  };
}
