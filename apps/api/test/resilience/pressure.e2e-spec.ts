import { join } from 'node:path';
import { preload } from '../../../../scripts/test-support/preload.js';
import { until } from '../../../../scripts/test-support/until.js';
import { scrape } from '../support/metrics.js';
import { startWithClient, stop } from '../support/running.js';

const LITTLE_MEMORY = join(__dirname, '../support/little-memory.cjs');

describe('a server whose memory runs out', () => {
  it('refuses all but the critical, and says why', async () => {
    const running = await startWithClient({ LOAD_SHEDDING: 'adaptive', ...preload(LITTLE_MEMORY) });
    const ask = (priority: string) => running.client.infer({ text: 'a good day' }, { 'X-Priority': priority });
    const refused = await until(async () => {
      const answer = await ask('high');
      return answer.status !== 200 && answer;
    });
    expect(refused).toMatchObject({
      status: 503,
      json: { code: 'OVERLOADED', detail: 'The server has enough to do (memory); "high" has to wait.' },
    });
    expect((await ask('critical')).status).toBe(200);
    expect((await scrape(running.client)).get('shed_total{priority="high",reason="memory"}')).toBe(1);
    await stop(running);
  });
});
