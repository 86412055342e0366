import { describeWithRedis } from '../../../../scripts/test-support/redis.js';
import { AuditStack } from '../support/audit-stack.js';
import { NO_DIFFERENCES } from '../support/ledger-check.js';
import { LedgerClient } from '../support/ledger-client.js';

jest.setTimeout(120_000);

afterEach(() => stack.close());
let stack: AuditStack;

/** SIGTERM under load, once rows are written: answers go on until the last connection is closed. */
async function stopUnderLoad(begun = () => stack.waitForRows()): Promise<LedgerClient> {
  const [api] = stack.apis;
  const client = new LedgerClient({ ports: [api!.port], pauseMs: 0 }).start();
  await client.waitForAnswers(500);
  await begun();
  expect(await api!.stop()).toBe(0);
  await client.stop();
  return client;
}

describe('SIGTERM under load', () => {
  it('leaves nothing on the spool of a server that writes the table itself', async () => {
    stack = await AuditStack.open({ postgres: 'now' });
    await (await stack.api('api')).start();
    const client = await stopUnderLoad();
    expect(stack.spools()).toEqual([]);
    expect(await stack.compare([client])).toEqual(NO_DIFFERENCES);
  });

  it('loses nothing while Postgres is away: the next start ships it', async () => {
    stack = await AuditStack.open({ postgres: 'later' });
    const api = await (await stack.api('api')).start();
    const client = await stopUnderLoad(async () => undefined);
    expect(stack.spools()).toHaveLength(1);
    await stack.postgres!.start();
    await api.start();
    expect(await stack.settle([client])).toEqual(NO_DIFFERENCES);
  });

  it('keeps what the embedded Postgres has over a restart', async () => {
    stack = await AuditStack.open();
    const api = await (await stack.api('api')).start();
    const client = await stopUnderLoad();
    expect(stack.spools()).toEqual([]);
    await api.start();
    expect(await stack.settle([client])).toEqual(NO_DIFFERENCES);
  });
});

describeWithRedis('SIGTERM under load with a worker apart', () => {
  it('leaves everything to the worker, which finishes what it holds when it is stopped itself', async () => {
    stack = await AuditStack.open({ redis: 'now', postgres: 'now' });
    const [api, worker] = [await stack.api('api'), await stack.worker('writer')];
    await Promise.all([api.start(), worker.start()]);
    const client = await stopUnderLoad();
    expect(stack.spools()).toEqual([]);
    expect(await worker.stop()).toBe(0);
    expect(await stack.compare([client])).toEqual(NO_DIFFERENCES);
  });
});
