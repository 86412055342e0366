import { Policies } from './policies.js';
import { RetryLog } from './retry-log.js';

describe('RetryLog', () => {
  it('tells of each attempt that is made again, and why', async () => {
    const lines: unknown[] = [];
    const log = new RetryLog({ warning: (message, fields) => void lines.push([message, fields]) });
    const options = { retry: { baseDelayMs: 1, jitter: 0 } };
    const policies = new Policies({ workerId: 'w', policies: { redis: options }, observers: [log] });
    const failures = [new Error('away'), new AggregateError([new Error('nobody there'), new Error('other')])];
    await policies
      .get('redis')
      .execute(() => (failures.length > 0 ? Promise.reject(failures.shift()!) : Promise.resolve()), {
        operation: 'get',
      });
    expect(lines).toEqual([
      ['Retry attempt', { dependency: 'redis', operation: 'get', attempt: 2, delay_ms: 1, reason: 'away' }],
      ['Retry attempt', { dependency: 'redis', operation: 'get', attempt: 3, delay_ms: 2, reason: 'nobody there' }],
    ]);
  });
});
