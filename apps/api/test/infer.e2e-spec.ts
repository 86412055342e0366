import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { writeVersion } from '../../../libs/inference/test-support/model-fixtures.js';
import { textFiles } from '../../../libs/inference/test-support/text-models.js';
import { temporaryFolder } from '../../../scripts/test-support/temporary-folder.js';
import { MODELS_DIR } from './support/falcon.js';
import { startWithClient, stop, type Running } from './support/running.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('POST /infer', () => {
  let running: Running;

  beforeAll(async () => {
    running = await startWithClient({ WORKER_ID: 'worker-9' });
  });
  afterAll(() => stop(running));

  it('answers a text with a label, its probability and where they come from', async () => {
    const { status, json, headers } = await running.client.infer({ text: 'I love this, what a wonderful day!' });
    expect(status).toBe(200);
    expect(json).toMatchObject({
      prediction: 'positive',
      cache_hit: false,
      idempotency_hit: false,
      worker_id: 'worker-9',
      mode: 'fresh',
      model: 'sentiment',
      model_version: '1',
      request_id: headers['x-request-id'],
    });
    const probabilities = json['probabilities'] as Record<string, number>;
    expect(Object.keys(probabilities)).toEqual(['negative', 'neutral', 'positive']);
    expect(json['confidence']).toBe(probabilities['positive']);
    expect(Object.values(probabilities).reduce((sum, value) => sum + value)).toBeCloseTo(1, 4);
  });

  it('tells good from bad', async () => {
    const { json } = await running.client.infer({ text: 'This is terrible, I hate it, the worst day ever.' });
    expect(json['prediction']).toBe('negative');
  });

  it('answers the model and version that are asked for', async () => {
    const { status, json } = await running.client.infer({ text: 'fine', model: 'sentiment', version: '1' });
    expect([status, json['model'], json['model_version']]).toEqual([200, 'sentiment', '1']);
  });

  it('gives the same answer to the same text, whatever else is asked at the same time', async () => {
    const text = 'not bad at all';
    const alone = (await running.client.infer({ text })).json['probabilities'];
    const others = Array.from({ length: 40 }, (_, index) => running.client.infer({ text: `text number ${index}` }));
    const together = (await running.client.infer({ text })).json['probabilities'];
    await Promise.all(others);
    expect(together).toEqual(alone);
  });

  it('gives the ten likeliest labels of a model that has more', async () => {
    const { status, json } = await running.client.infer({
      text: 'please transfer money to my savings',
      model: 'intent',
    });
    expect(status).toBe(200);
    const probabilities = Object.values(json['probabilities'] as Record<string, number>);
    expect(probabilities).toHaveLength(10);
    expect(probabilities).toEqual(probabilities.toSorted((a, b) => b - a));
  });

  describe('X-Request-ID', () => {
    it('is taken over when it is well formed', async () => {
      const { headers, json } = await running.client.infer({ text: 'hi' }, { 'x-request-id': 'order:17.4_a-b' });
      expect([headers['x-request-id'], json['request_id']]).toEqual(['order:17.4_a-b', 'order:17.4_a-b']);
    });

    it.each(['has space', 'a'.repeat(129), '<script>', ''])('is replaced when it is %j', async (id) => {
      const { headers } = await running.client.infer({ text: 'hi' }, { 'x-request-id': id });
      expect(headers['x-request-id']).toMatch(UUID);
    });

    it('is in error answers, too', async () => {
      const { headers, json } = await running.client.get('/nowhere', { 'x-request-id': 'mine' });
      expect([headers['x-request-id'], json['request_id']]).toEqual(['mine', 'mine']);
    });
  });

  describe('X-Request-Timeout-Ms', () => {
    it('within the limit of the server is accepted', async () => {
      expect((await running.client.infer({ text: 'hi' }, { 'x-request-timeout-ms': '5000' })).status).toBe(200);
    });

    it.each(['0', '-1', '1.5', 'soon', '30001', '99999999999'])('of %s is refused by name', async (value) => {
      const { status, json } = await running.client.infer({ text: 'hi' }, { 'x-request-timeout-ms': value });
      expect([status, json['code']]).toEqual([400, 'INVALID_HEADER']);
      expect(json['errors']).toMatchObject([{ path: 'headers.x-request-timeout-ms' }]);
    });
  });
});

describe('POST /infer/batch', () => {
  let running: Running;

  beforeAll(async () => {
    const models = temporaryFolder();
    cpSync(join(MODELS_DIR, 'sentiment'), join(models, 'sentiment'), { recursive: true });
    writeVersion(models, 'normalised/1', await textFiles());
    running = await startWithClient({ MODEL_DIR: models });
  });
  afterAll(() => stop(running));

  it('answers every text in the order asked', async () => {
    const texts = ['I love it, wonderful!', 'I hate it, terrible.', 'I love it, great!'];
    const { status, json } = await running.client.post('/infer/batch', { texts });
    const results = json['results'] as { prediction: string }[];
    expect(status).toBe(200);
    expect(results.map((result) => result.prediction)).toEqual(['positive', 'negative', 'positive']);
  });

  it('answers each text as POST /infer does', async () => {
    const texts = ['one fine day', 'nothing works', 'the train leaves at nine'];
    const { json } = await running.client.post('/infer/batch', { texts });
    const single = await Promise.all(texts.map((text) => running.client.infer({ text })));
    expect((json['results'] as { probabilities: unknown }[]).map((result) => result.probabilities)).toEqual(
      single.map((answer) => answer.json['probabilities']),
    );
  });

  it('takes 256 texts', async () => {
    const texts = Array.from({ length: 256 }, (_, index) => `text number ${index}`);
    const { status, json } = await running.client.post('/infer/batch', { texts });
    expect(status).toBe(200);
    expect(json['results']).toHaveLength(256);
  });

  it.each([0, 257])('refuses %i texts', async (count) => {
    const texts = Array.from({ length: count }, () => 'x');
    const { status, json } = await running.client.post('/infer/batch', { texts });
    expect(status).toBe(422);
    expect(json['errors']).toMatchObject([{ path: 'texts' }]);
  });

  it('names the one bad text by its index, and computes none', async () => {
    const before = await answered(running);
    const { status, json } = await running.client.post('/infer/batch', { texts: ['a', 'b', 'c', '  ', 'e'] });
    expect(status).toBe(422);
    expect(json['errors']).toEqual([{ path: 'texts.3', message: 'must not be blank' }]);
    expect(await answered(running)).toBe(before);
  });

  it('names the one text that the model fails on by its index, to its caller and in the log', async () => {
    const ask = (texts: string[]) => running.client.post('/infer/batch', { texts, model: 'normalised' });
    expect((await ask(['good', 'bad'])).status).toBe(200);
    const { status, json } = await ask(['good', 'bad', 'neither', 'good']); // NaN, of a text of no known word
    expect([status, json['code']]).toEqual([500, 'INFERENCE_FAILED']);
    expect(json['errors']).toEqual([{ path: 'texts.2', message: json['detail'] }]);
    const line = await running.falcon.waitForLog('Request failed');
    expect(line).toMatchObject({ request_id: json['request_id'], errors: json['errors'] });
  });
});

async function answered({ client }: Running): Promise<number> {
  const { text } = await client.get('/metrics');
  return Number(/^inference_requests_total\{[^}]*status="success"[^}]*\} (\d+)$/m.exec(text)?.[1]);
}
