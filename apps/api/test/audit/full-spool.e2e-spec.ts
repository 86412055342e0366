import { AuditStack } from '../support/audit-stack.js';
import { Client } from '../support/client.js';
import { LedgerClient } from '../support/ledger-client.js';
import { NO_DIFFERENCES } from '../support/ledger-check.js';

jest.setTimeout(120_000);

/** The least that may be asked for: about a hundred of these texts, as they are recorded, too. */
const ENV = { AUDIT_SPOOL_MAX_BYTES: String(2 ** 20), AUDIT_STORE_TEXT: 'true' };
const REQUESTS = 150;

/** Different texts of 10,000 characters. */
const longText = (index: number) => `${index} `.padEnd(10_000, 'what a wonderful day ');

describe('a full spool', () => {
  let stack: AuditStack;
  let client: LedgerClient;

  beforeEach(async () => {
    stack = await AuditStack.open({ postgres: 'later' });
  });
  afterEach(() => stack.close());

  async function fill(env: NodeJS.ProcessEnv) {
    const api = await (await stack.api('api', { ...ENV, ...env })).start();
    client = new LedgerClient({ ports: [api.port] });
    for (let index = 0; index < REQUESTS; index++) {
      await client.ask(api.port, { text: longText(index) });
    }
    return api;
  }

  it('drops records, counts each of them, says so, and takes new ones when there is room', async () => {
    const api = await fill({ AUDIT_WHEN_FULL: 'drop' });
    expect(client.statuses()).toEqual({ 200: REQUESTS });
    const dropped = (await api.metric('dropped_logs_total')) ?? 0;
    expect(dropped).toBeGreaterThan(20);
    expect(await api.waitForLog(/buffer full/)).toMatchObject({ level: 'ERROR' });
    await stack.postgres!.start();
    await stack.waitForRows(REQUESTS - dropped);
    await api.whenShipped();
    expect(await stack.rows()).toHaveLength(REQUESTS - dropped);
    await client.ask(api.port, { text: 'there is room' });
    await stack.waitForRows(REQUESTS - dropped + 1);
    expect(await api.metric('dropped_logs_total')).toBe(dropped);
  });

  it('refuses answers where none may leave unrecorded, and gives them again when there is room', async () => {
    const api = await fill({ AUDIT_WHEN_FULL: 'refuse' });
    const { 200: answered = 0, 503: refused = 0 } = client.statuses();
    expect(answered + refused).toBe(REQUESTS);
    expect(refused).toBeGreaterThan(20);
    const refusal = await new Client(api.port).infer({ text: longText(REQUESTS) });
    expect(refusal).toMatchObject({ status: 503, json: { code: 'AUDIT_UNAVAILABLE' } });
    expect(Number(refusal.headers['retry-after'])).toBeGreaterThan(0);
    expect(await api.metric('dropped_logs_total')).toBe(0);
    await stack.postgres!.start();
    expect(await stack.settle([client])).toEqual(NO_DIFFERENCES);
    expect(await stack.rows()).toHaveLength(answered);
    await client.ask(api.port, { text: 'there is room' });
    await stack.waitForRows(answered + 1);
    expect(client.statuses()).toMatchObject({ 200: answered + 1 });
  });
});
