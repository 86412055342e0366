import { randomUUID } from 'node:crypto';
import { until } from '../../../../scripts/test-support/until.js';
import { seriesOf } from '../support/exported-metrics.js';
import type { Answer } from '../support/answer.js';
import { startWithClient, stop, type Running } from '../support/running.js';

const REQUESTS = 10_000;
const AT_ONCE = 64;
const PRIORITIES = ['low', 'normal', 'high', 'critical'];

describe('the number of series', () => {
  let running: Running;
  /** Without those of Node.js, which come and go with kinds of handles and of garbage collection. */
  const series = async (): Promise<string[]> => {
    const { text } = await running.client.get('/metrics');
    return seriesOf(text).filter((name) => !/^(nodejs|process)_/.test(name));
  };

  beforeAll(async () => {
    running = await startWithClient({ RATE_LIMIT_ENABLED: 'true', LOAD_SHEDDING: 'adaptive', CACHE_ENABLED: 'true' });
    await until(async () => !(await series()).some((name) => name.includes('state="loading"')), { pollMs: 100 });
  });
  afterAll(() => stop(running));

  function ask(k: number): Promise<Answer> {
    const name = randomUUID();
    const headers = { 'x-tenant-id': name, 'x-priority': PRIORITIES[k % 4]!, 'x-request-id': name };
    switch (k % 4) {
      case 0:
        return running.client.get(`/${name}/${k}`, headers);
      case 1:
        return running.client.infer({ text: name, model: name }, headers);
      case 2:
        return running.client.infer({ text: name, version: name }, { ...headers, 'x-idempotency-key': name });
      default:
        return running.client.send(['GET', 'PUT', 'DELETE', 'PATCH'][k % 3]!, `/infer/${name}?${name}=1`, { headers });
    }
  }

  it(`is the same after ${REQUESTS} requests with paths, tenants, models, versions and keys that nobody knows`, async () => {
    await Promise.all([0, 1, 2, 3, 7, 11, 15].map((k) => ask(k)));
    const before = await series();
    let next = 0;
    const caller = async (): Promise<void> => {
      while (next < REQUESTS) await ask(next++);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, caller));
    expect(await series()).toEqual(before);
    expect(before.length).toBeLessThan(3000);
  }, 120_000);
});
