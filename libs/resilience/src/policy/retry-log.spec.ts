import { Policies } from './policies.js';
import { RetryLog } from './retry-log.js';

describe('RetryLog', () => {
  it('tells of each attempt that is made again, and why', async () => {
    const lines: unknown[] = [];
    const log = new RetryLog({ warning: (message, fields) => void lines.push([message, fields]) });
    const options = { retry: { baseDelayMs: 1, jitter: 0 } };
    const policies = new Policies({ workerId: 'w', policies: { redis: options }, observers: [log] });
    let failures = 0;
    await policies
      .get('redis')
      .execute(() => (failures++ < 2 ? Promise.reject(new Error('away')) : Promise.resolve()), { operation: 'get' });
    expect(lines).toEqual([
      ['Retry attempt', { dependency: 'redis', operation: 'get', attempt: 2, delay_ms: 1, reason: 'away' }],
      ['Retry attempt', { dependency: 'redis', operation: 'get', attempt: 3, delay_ms: 2, reason: 'away' }],
    ]);
  });
});
