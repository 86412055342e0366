import { startWithClient, stop, type Running } from '../support/running.js';

const CROWD = 60;

describe('a crowd of texts for a slow model', () => {
  let running: Running;

  beforeAll(async () => {
    const slow = { DEFAULT_MODEL: 'intent', INFERENCE_BACKEND: 'cpu', BATCH_SIZE: '1' };
    running = await startWithClient(slow);
  });
  afterAll(() => stop(running));

  it('lets a critical one pass, and answers all of them', async () => {
    const answered: string[] = [];
    const ask = async (text: string, priority: string) => {
      const { status } = await running.client.infer({ text }, { 'x-priority': priority });
      expect(status).toBe(200);
      answered.push(priority);
    };
    const crowd = Array.from({ length: CROWD }, (_, k) => ask(`text ${k}`, 'normal'));
    await Promise.all([...crowd, ask('an urgent one', 'critical')]);
    expect(answered.indexOf('critical')).toBeLessThan(CROWD / 2);
    expect(answered).toHaveLength(CROWD + 1);
  });
});
