import { Policy } from '../policy/policy.js';
import { BreakerLog } from './breaker-log.js';

describe('BreakerLog', () => {
  it('tells when a breaker leaves the closed state and when it is back, and nothing in between', async () => {
    const lines: object[] = [];
    const write = (level: string) => (message: string, fields?: object) => lines.push({ level, message, ...fields });
    const observer = new BreakerLog({ info: write('info'), warning: write('warning') });
    const policy = new Policy(
      'redis',
      { breaker: { failureThreshold: 1, openMs: 0, successThreshold: 1 } },
      { observer },
    );
    const fail = () => policy.execute(() => Promise.reject(new Error('no'))).catch(() => undefined);
    for (let k = 0; k < 3; k++) await fail();
    await policy.execute(() => Promise.resolve());
    policy.breaker?.probe('worker-2');
    expect(lines).toEqual([
      { level: 'warning', message: 'Circuit breaker open', dependency: 'redis', reason: '1 consecutive failures' },
      { level: 'info', message: 'Circuit breaker closed', dependency: 'redis', reason: '1 trial calls succeeded' },
      { level: 'warning', message: 'Circuit breaker half open', dependency: 'redis', reason: 'opened on worker-2' },
    ]);
  });
});
