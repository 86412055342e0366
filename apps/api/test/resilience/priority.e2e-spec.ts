import { setTimeout as sleep } from 'node:timers/promises';
import { startWithClient, stop, type Running } from '../support/running.js';
import { slowModel } from '../support/slow-model.js';

const CROWD = 60;

describe('a crowd of texts for a slow model', () => {
  const slow = slowModel();
  let running: Running;

  beforeAll(async () => {
    running = await startWithClient({ ...slow, BATCH_SIZE: '1' });
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

  it('lets a critical one pass those that have waited for long, too', async () => {
    const answered: string[] = [];
    const ask = async (path: string, body: object, priority: string) => {
      expect((await running.client.post(path, body, { 'x-priority': priority })).status).toBe(200);
      answered.push(priority);
    };
    const crowd = Array.from({ length: 28 }, (_, k) => {
      const texts = Array.from({ length: 32 }, (_, m) => `text ${k}/${m}`);
      return ask('/infer/batch', { texts }, 'normal');
    });
    await sleep(600);
    await Promise.all([...crowd, ask('/infer', { text: 'another urgent one' }, 'critical')]);
    expect(answered.at(-1)).toBe('normal');
  });
});
