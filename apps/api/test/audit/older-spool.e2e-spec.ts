import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { AuditStack } from '../support/audit-stack.js';

jest.setTimeout(120_000);

const RECORDS = 20;

/** A record as the first format had it: without `batch_index` and `text`. */
function formerRecord(index: number): object {
  return {
    id: randomUUID(),
    request_id: `former-${index}`,
    created_at: new Date(Date.now() - 60_000 + index).toISOString(),
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

/** A line of a spool: the checksum of its JSON, a blank, the JSON. */
function line(value: object): string {
  const json = JSON.stringify(value);
  return `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`;
}

describe('a spool that another version left behind', () => {
  let stack: AuditStack;

  beforeEach(async () => {
    stack = await AuditStack.open({ postgres: 'now' });
  });
  afterEach(() => stack.close());

  function plant(format: number): string {
    const folder = join(stack.dataDir, 'spool', 'former-0123abcd');
    mkdirSync(folder, { recursive: true });
    const records = Array.from({ length: RECORDS }, (_, index) => formerRecord(index));
    const segment = join(folder, '0000000001.log');
    writeFileSync(segment, [{ spool_format: format }, ...records].map(line).join(''));
    return segment;
  }

  it('is shipped when it is an older one: what was not recorded then is NULL', async () => {
    plant(1);
    await (await stack.api('api')).start();
    await stack.waitForRows(RECORDS);
    const [row] = await stack.query(`SELECT * FROM inference_logs WHERE request_id = 'former-7'`);
    expect(row).toMatchObject({ worker_id: 'former', prediction: 'positive', batch_index: null, text: null });
    await stack.waitForSpools(1);
    expect(stack.spools()).not.toContain('former-0123abcd');
  });

  it('is left alone when it is a newer one, and the log says what to do', async () => {
    const segment = plant(3);
    const api = await (await stack.api('api')).start();
    const said = await api.waitForLog(/format 3|newer/);
    expect(said).toMatchObject({ level: 'ERROR', message: expect.stringMatching(/newer Falcon/) as string });
    expect(await stack.rows()).toEqual([]);
    expect(existsSync(segment)).toBe(true);
  });
});
