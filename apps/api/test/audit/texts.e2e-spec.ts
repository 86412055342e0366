import { createHash } from 'node:crypto';
import { AuditStack } from '../support/audit-stack.js';
import { Client } from '../support/client.js';
import type { Service } from '../support/service.js';

jest.setTimeout(120_000);

interface StoredText {
  text: string | null;
  text_hash: string;
  text_length: number;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe('a recorded text', () => {
  let stack: AuditStack;
  let api: Service;
  let client: Client;

  beforeAll(async () => {
    stack = await AuditStack.open({ postgres: 'now' });
    api = await (await stack.api('api', { AUDIT_STORE_TEXT: 'true' })).start();
    client = new Client(api.port);
  });
  afterAll(async () => {
    client.close();
    await stack.close();
  });

  async function stored(id: string): Promise<StoredText[]> {
    const sql = 'SELECT text, text_hash, text_length FROM inference_logs WHERE request_id = $1 ORDER BY batch_index';
    await api.whenShipped();
    return stack.query<StoredText>(sql, [id]);
  }

  it.each([
    ['of 10,000 four-byte characters', '🦅'.repeat(10_000)],
    ['in right-to-left script', 'יום נפלא '.repeat(100)],
    ['with quotes, backslashes and line ends', `"'\\\n\r\t{}[],:\u2028`.repeat(100)],
    ['that looks like SQL', `'); DROP TABLE inference_logs; --`],
    ['with every control character but NUL', String.fromCharCode(...Array.from({ length: 31 }, (_, i) => i + 1), 97)],
  ])('%s is kept as it was', async (name, text) => {
    const id = `text.${name.replaceAll(/[^a-z]/g, '')}`;
    expect((await client.infer({ text }, { 'x-request-id': id })).status).toBe(200);
    expect(await stored(id)).toEqual([{ text, text_hash: sha256(text), text_length: Array.from(text).length }]);
  });

  it('of 10,000 characters with NULs is kept with the character that depicts it, and the hash of what was sent', async () => {
    const text = 'good\0'.repeat(2000);
    expect((await client.infer({ text }, { 'x-request-id': 'nul' })).status).toBe(200);
    const shown = 'good\u2400'.repeat(2000);
    expect(await stored('nul')).toEqual([{ text: shown, text_hash: sha256(text), text_length: 10_000 }]);
  });

  it('answered from the cache as one that differs in space alone has its own hash', async () => {
    await client.infer({ text: 'a spacious day' });
    const text = ' a spacious day\n';
    const { json } = await client.infer({ text }, { 'x-request-id': 'space' });
    expect(json).toMatchObject({ cache_hit: true });
    expect(await stored('space')).toEqual([{ text, text_hash: sha256(text), text_length: text.length }]);
  });

  it('of a batch has its place', async () => {
    const texts = ['first', 'second\0', 'third 🦅'];
    const { status } = await client.post('/infer/batch', { texts }, { 'x-request-id': 'batch' });
    expect(status).toBe(200);
    expect((await stored('batch')).map(({ text }) => text)).toEqual(['first', 'second\u2400', 'third 🦅']);
  });

  it.each([
    ['NUL', '\0'],
    ['many four-byte characters', '🦅'.repeat(100)],
    ['SQL', "'; DROP TABLE inference_logs; --"],
  ])('asked of a model whose name is %s has its row if it has an answer', async (name, model) => {
    const id = `model.${name.replaceAll(' ', '')}`;
    const { status } = await client.infer({ text: 'a', model }, { 'x-request-id': id });
    expect([404, 422]).toContain(status);
    expect(await stored(id)).toHaveLength(status === 404 ? 1 : 0);
  });

  it('with a lone surrogate is refused before it gets here', async () => {
    const { status } = await client.infer('{"text":"a \\ud800 b"}', { 'x-request-id': 'surrogate' });
    expect(status).toBe(422);
    expect(await stored('surrogate')).toEqual([]);
  });

  it('never holds up the ones after it', async () => {
    expect((await client.infer({ text: 'the next one' }, { 'x-request-id': 'next' })).status).toBe(200);
    expect(await stored('next')).toHaveLength(1);
    expect(await stack.query('SELECT * FROM inference_log_dead_letters')).toEqual([]);
  });
});
