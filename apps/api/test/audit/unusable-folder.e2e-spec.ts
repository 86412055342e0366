import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AuditStack } from '../support/audit-stack.js';
import type { LedgerRow } from '../support/ledger-check.js';
import { LedgerClient } from '../support/ledger-client.js';

jest.setTimeout(120_000);

describe('a data folder that cannot be used', () => {
  let stack: AuditStack;
  let obstacle: string;

  beforeEach(async () => {
    stack = await AuditStack.open({ postgres: 'now' });
    obstacle = join(stack.dataDir, 'obstacle');
    writeFileSync(obstacle, 'a file where a folder should be'); // permissions would not stop root
  });
  afterEach(() => stack.close());

  async function start(whenFull: string) {
    const env = { DATA_DIR: join(obstacle, 'data'), AUDIT_WHEN_FULL: whenFull };
    const api = await stack.api('api', env);
    api.launch();
    await api.waitForLog(/^Falcon is ready$/);
    const said = await api.waitForLog(/^The audit spool cannot be opened/);
    expect(said).toMatchObject({ level: 'ERROR', folder: expect.stringContaining('obstacle') as string });
    return { api, client: new LedgerClient({ ports: [api.port] }) };
  }

  it('costs records and no answer, and recording begins when it can be used', async () => {
    const { api, client } = await start('drop');
    await client.send(20);
    expect(client.statuses()).toEqual({ 200: 20 });
    expect(await api.metric('dropped_logs_total')).toBe(client.texts());
    rmSync(obstacle);
    expect((await recordedAgain(api.port)).every(({ request_id }) => request_id.startsWith('again'))).toBe(true);
  });

  it('costs answers where none may leave unrecorded, until it can be used', async () => {
    const { api, client } = await start('refuse');
    expect(await api.isReady()).toBe(false);
    await client.send(20);
    expect(client.statuses()).toEqual({ 503: 20 });
    rmSync(obstacle);
    await api.waitUntilReady();
    expect(await recordedAgain(api.port)).not.toEqual([]);
    expect(await api.metric('dropped_logs_total')).toBe(0);
  });

  /** Asks until an answer is on record; resolves to the rows there are. */
  async function recordedAgain(port: number): Promise<LedgerRow[]> {
    const client = new LedgerClient({ ports: [port], connections: 1, pauseMs: 250, name: 'again' }).start();
    await stack.waitForRows();
    await client.stop();
    return stack.rows();
  }
});
