import { eventually } from '../../../../scripts/test-support/until.js';
import { scrape } from '../support/metrics.js';
import { startWithClient, stop, type Running } from '../support/running.js';
import { slowModel } from '../support/slow-model.js';

const FLOOR = 64;

describe('a model that takes milliseconds for a text', () => {
  const slow = slowModel();
  let running: Running;

  beforeAll(async () => {
    running = await startWithClient({
      ...slow,
      BATCH_SIZE: '32',
      LOAD_SHEDDING: 'adaptive',
      LOAD_SHEDDING_MIN_LIMIT: String(FLOOR),
    });
    await askInRounds(30);
  });
  afterAll(() => stop(running));

  async function askInRounds(rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      await askTogether(16);
      for (let k = 0; k < 4; k++) await askTogether(1);
    }
  }

  async function askTogether(texts: number): Promise<void> {
    const body = { texts: Array.from({ length: texts }, (_, k) => `where is my card number ${k}`) };
    expect((await running.client.post('/infer/batch', body)).status).toBe(200);
  }

  async function metric(name: string): Promise<number> {
    const samples = [...(await scrape(running.client))];
    return samples.find(([series]) => series.split('{')[0] === name)?.[1] ?? NaN;
  }

  // Single batches that a busy machine made slow mislead the server for a while: it has to learn again.
  it('is given short batches', async () => {
    await eventually(async () => {
      await askInRounds(3);
      const before = await metric('model_inference_batch_size_count');
      await askTogether(64);
      expect((await metric('model_inference_batch_size_count')) - before).toBeGreaterThan(6); // two of 32, if nothing cut them
    });
  });

  it('is not worth a long queue: the limit leaves its floor', async () => {
    await eventually(async () => {
      await askInRounds(8);
      expect(await metric('concurrency_limit')).toBeLessThan(FLOOR);
    });
  });
});
