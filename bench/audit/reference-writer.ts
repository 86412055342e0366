// Reference: what one would write oneself, batched INSERT ... SELECT FROM unnest(...) on four connections:
// `reference-writer.js <Postgres URL> <records>`.
import { hash, randomUUIDv7 } from 'node:crypto';
import { Pool } from 'pg';
import { entryOf, textOf } from './audit-entries.js';

const CONNECTIONS = 4;
const BATCH = 500;

/** Column, its type, and its value for the answer of that number. */
type Row = Record<keyof typeof TYPES, unknown>;
const TYPES = {
  id: 'uuid',
  created_at: 'timestamptz',
  request_id: 'text',
  worker_id: 'text',
  tenant: 'text',
  model: 'text',
  model_version: 'text',
  text_hash: 'text',
  text_length: 'integer',
  prediction: 'text',
  confidence: 'double precision',
  probabilities: 'jsonb',
  mode: 'text',
  cache_hit: 'boolean',
  idempotency_hit: 'boolean',
  priority: 'text',
  success: 'boolean',
  status: 'smallint',
  processing_time_ms: 'double precision',
  inference_time_ms: 'double precision',
  client_ip: 'inet',
};
const COLUMNS = Object.keys(TYPES) as (keyof Row)[];
const INSERT = `INSERT INTO inference_logs (${COLUMNS.join(', ')})
  SELECT * FROM unnest(${COLUMNS.map((column, index) => `$${index + 1}::${TYPES[column]}[]`).join(', ')})
  ON CONFLICT DO NOTHING`;

function rowOf(number: number): Row {
  const { probabilities, ...entry } = entryOf(number);
  const text = textOf(number);
  return {
    ...(entry as Omit<Row, 'id'>),
    id: randomUUIDv7(),
    created_at: new Date().toISOString(),
    worker_id: 'reference',
    text_hash: hash('sha256', text),
    text_length: text.length,
    probabilities: JSON.stringify(probabilities),
  };
}

async function main(connectionString: string, records: number): Promise<void> {
  const pool = new Pool({ connectionString, max: CONNECTIONS });
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < records) {
      const first = next;
      next += BATCH;
      const rows = Array.from({ length: Math.min(BATCH, records - first) }, (_, index) => rowOf(first + index));
      await pool.query({
        name: 'insert',
        text: INSERT,
        values: COLUMNS.map((column) => rows.map((row) => row[column])),
      });
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
  await pool.end();
}

void main(process.argv[2] ?? '', Number(process.argv[3]));
