import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

/** A record as the first format had it: without `batch_index` and `text`. */
export function recordOfFormat1(requestId: string): Record<string, unknown> {
  return {
    id: randomUUID(),
    request_id: requestId,
    created_at: new Date(Date.now() - 60_000).toISOString(),
    worker_id: 'former',
    tenant: 'default',
    model: 'sentiment',
    model_version: '1',
    text_hash: 'a'.repeat(64),
    text_length: 3,
    prediction: 'positive',
    confidence: 0.5,
    probabilities: { positive: 0.5, negative: 0.5 },
    mode: 'fresh',
    cache_hit: false,
    idempotency_hit: false,
    priority: 'normal',
    success: true,
    status: 200,
    processing_time_ms: 1.5,
    client_ip: '127.0.0.1',
  };
}

/** Leaves a spool in the data folder as a process would that was killed; gives the file of its one segment. */
export function plantSpool(dataDir: string, format: number, records: readonly (object | string)[]): string {
  const folder = join(dataDir, 'spool', 'former-0123abcd');
  mkdirSync(folder, { recursive: true });
  const segment = join(folder, '0000000001.log');
  const texts = records.map((record) => (typeof record === 'string' ? record : JSON.stringify(record)));
  writeFileSync(segment, [`{"spool_format":${format}}`, ...texts].map(line).join(''));
  return segment;
}

/** A line of a spool: the checksum of its JSON, a blank, the JSON. */
function line(json: string): string {
  return `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`;
}
