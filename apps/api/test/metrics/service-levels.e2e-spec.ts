import { setTimeout as sleep } from 'node:timers/promises';
import { untilInHand } from '../support/held-request.js';
import { startWithClient, stop, type Running } from '../support/running.js';

describe('service levels', () => {
  let running: Running;
  const count = async (slo: string, outcome: string): Promise<number> => {
    const { text } = await running.client.get('/metrics');
    return Number(
      new RegExp(`^slo_requests_total\\{slo="${slo}",outcome="${outcome}",.*\\} (\\d+)$`, 'm').exec(text)?.[1],
    );
  };

  afterEach(() => stop(running));

  it('count answers, degraded answers and failures of whole requests, and no mistakes of callers', async () => {
    running = await startWithClient({ CACHE_ENABLED: 'true', CACHE_TTL_SECONDS: '0.1' });
    const { client } = running;
    await client.infer({ text: 'a good day' });
    await client.post('/infer/batch', { texts: ['a', 'b', 'c'] });
    await client.infer({ text: '' });
    await client.infer({ text: 'a', model: 'nonesuch' });
    await client.get('/healthz');
    expect([await count('availability', 'good'), await count('availability', 'bad')]).toEqual([2, 0]);
    await sleep(200); // the answer's time is over
    expect((await client.send('POST', '/admin/breakers/model:sentiment/force-open')).status).toBe(200);
    expect((await client.infer({ text: 'a good day' })).json['mode']).toBe('degraded_cache');
    const batch = await client.post('/infer/batch', { texts: ['a', 'b'] });
    expect([batch.status, batch.headers['x-falcon-mode']]).toEqual([200, 'degraded_cache']);
    expect((await client.infer({ text: 'something else' })).status).toBe(503);
    const outcomes = ['good', 'degraded', 'bad'].map((outcome) => count('availability', outcome));
    expect(await Promise.all(outcomes)).toEqual([2, 2, 1]);
    expect((await count('latency', 'good')) + (await count('latency', 'bad'))).toBe(4);
    const { text } = await client.get('/metrics');
    const budget = /^slo_error_budget_remaining_ratio\{slo="availability",.*\} (\S+)$/m.exec(text)?.[1];
    expect(Number(budget)).toBeCloseTo(1 - 1 / (5 * 0.001)); // one bad request of five, where one in a thousand may be
  });

  it('count what is shed as bad with 429, too, and what is over a tenant’s limit not at all', async () => {
    const settings = {
      LOAD_SHEDDING: 'static',
      MAX_INFLIGHT: '1',
      LOAD_SHEDDING_STATUS: '429',
      BATCH_TIMEOUT_MS: '4000',
    };
    running = await startWithClient({
      ...settings,
      RATE_LIMIT_ENABLED: 'true',
      RATE_LIMIT_BURST: '3',
      RATE_LIMIT_PER_MINUTE: '1',
    });
    const { client } = running;
    const held = client.infer({ text: 'a good day' });
    await untilInHand(running, 1);
    expect((await client.infer({ text: 'another' })).json['code']).toBe('SHED');
    expect((await held).status).toBe(200);
    await client.infer({ text: 'a third' });
    expect((await client.infer({ text: 'a fourth' })).json['code']).toBe('RATE_LIMITED');
    expect([await count('availability', 'good'), await count('availability', 'bad')]).toEqual([2, 1]);
  });

  it('count an answer that takes too long as bad for latency alone', async () => {
    running = await startWithClient({ SLO_LATENCY_SECONDS: '0.2', BATCH_TIMEOUT_MS: '300' });
    await running.client.infer({ text: 'a good day' });
    expect([await count('latency', 'bad'), await count('availability', 'good')]).toEqual([1, 1]);
  });
});
