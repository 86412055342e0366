import { setTimeout as sleep } from 'node:timers/promises';
import { AuditStack } from '../support/audit-stack.js';
import { NO_DIFFERENCES } from '../support/ledger-check.js';
import { LedgerClient } from '../support/ledger-client.js';
import type { Service } from '../support/service.js';

jest.setTimeout(120_000);

describe('two servers on one data folder', () => {
  let stack: AuditStack;
  let one: Service;
  let two: Service;
  let client: LedgerClient;

  beforeEach(async () => {
    stack = await AuditStack.open({ postgres: 'later' });
    one = await stack.api('one');
    two = await stack.api('two');
    await Promise.all([one.start(), two.start()]);
    client = new LedgerClient({ ports: [one.port, two.port] });
    await client.send(200);
  });
  afterEach(() => stack.close());

  it('have a spool each, and one ships that of the other when that is killed', async () => {
    expect(stack.spools()).toHaveLength(2);
    await one.kill();
    await stack.postgres!.start();
    expect(await stack.settle([client])).toEqual(NO_DIFFERENCES);
    expect(stack.spools()).toEqual([expect.stringMatching(/^two-/)]);
    await two.waitForLog(/spool of a process that is gone is shipped/);
  });

  it('do not take a spool from one that is only frozen', async () => {
    one.freeze();
    await stack.postgres!.start();
    await two.whenShipped();
    await sleep(4000); // it looks for spools every three seconds
    expect(stack.spools()).toHaveLength(2);
    expect(two.logs().filter(({ message }) => /gone/.test(message))).toEqual([]);
    one.resume();
    expect(await stack.settle([client])).toEqual(NO_DIFFERENCES);
  });
});

describe('two servers that bring one Postgres', () => {
  let stack: AuditStack;

  afterEach(() => stack.close());

  it('share it: who leaves last stops it', async () => {
    stack = await AuditStack.open();
    const [one, two] = [await stack.api('one'), await stack.api('two')];
    await Promise.all([one.start(), two.start()]);
    const client = new LedgerClient({ ports: [one.port, two.port] });
    await client.send(100);
    expect(await one.stop()).toBe(0);
    await client.ask(two.port);
    expect(await stack.settle([client])).toEqual(NO_DIFFERENCES);
    expect(await two.stop()).toBe(0);
    expect(stack.spools()).toEqual([]);
    expect(stack.killEmbeddedPostgres('all')).toBe(false);
  });
});
