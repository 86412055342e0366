import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../../../scripts/test-support/free-port.js';
import { until } from '../../../../scripts/test-support/until.js';
import { LedgerClient } from './ledger-client.js';
import { SteadyLoad } from './steady-load.js';

describe('loads that nobody stops', () => {
  let client: LedgerClient;
  let load: SteadyLoad;
  const tries = () => [client.unanswered.size, load.broken.length] as const;

  it('go on', async () => {
    const ports = [await freePort()]; // nobody listens
    client = new LedgerClient({ ports }).start();
    load = new SteadyLoad({ ports });
    await until(() => tries().every((count) => count > 20));
    expect(client.answered.size).toBe(0);
  });

  it('end with the test that has begun them', async () => {
    await sleep(200); // what was under way
    const before = tries();
    await sleep(500);
    expect(tries()).toEqual(before);
  });
});
