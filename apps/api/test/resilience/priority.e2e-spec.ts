import { setTimeout as sleep } from 'node:timers/promises';
import { startWithClient, stop, type Running } from '../support/running.js';
import { slowModel } from '../support/slow-model.js';

jest.setTimeout(120_000);

/** Requests of 32 texts each, a tenth of a second or two of work. */
const CROWD = 20;

describe('a crowd of texts for a slow model', () => {
  const slow = slowModel();
  let running: Running;

  beforeAll(async () => {
    running = await startWithClient({ ...slow, BATCH_SIZE: '1', REQUEST_TIMEOUT_SECONDS: '60' });
  });
  afterAll(() => stop(running));

  it('lets a critical one pass, and answers all of them', async () => {
    const answered = await answersTo(CROWD, 0);
    expect(answered.indexOf('critical')).toBeLessThan(CROWD / 2);
    expect(answered).toHaveLength(CROWD + 1);
  });

  it('lets a critical one pass those that have waited for long, too', async () => {
    expect((await answersTo(28, 300)).at(-1)).toBe('normal');
  });

  /** The priorities of the answers in their order, when a critical text comes so long after a crowd. */
  async function answersTo(requests: number, laterMs: number): Promise<string[]> {
    const answered: string[] = [];
    const ask = async (path: string, body: object, priority: string) => {
      expect((await running.client.post(path, body, { 'x-priority': priority })).status).toBe(200);
      answered.push(priority);
    };
    const crowd = Array.from({ length: requests }, (_, k) => {
      const texts = Array.from({ length: 32 }, (_, m) => `text ${k}/${m}`);
      return ask('/infer/batch', { texts }, 'normal');
    });
    await sleep(laterMs);
    await Promise.all([...crowd, ask('/infer', { text: 'an urgent one' }, 'critical')]);
    return answered;
  }
});
