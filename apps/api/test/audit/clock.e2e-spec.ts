import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { preload } from '../../../../scripts/test-support/preload.js';
import { AuditStack } from '../support/audit-stack.js';
import { NO_DIFFERENCES } from '../support/ledger-check.js';
import { LedgerClient } from '../support/ledger-client.js';

jest.setTimeout(120_000);

const DAY_MS = 86_400_000;

/** Loaded before the server: its clock is off by what a file says. */
const SHIFTED_CLOCK = `
  const { readFileSync } = require('node:fs');
  const RealDate = Date;
  let offsetMs = 0;
  setInterval(() => { offsetMs = Number(readFileSync(process.env.CLOCK_OFFSET_FILE, 'utf8')); }, 20).unref();
  globalThis.Date = class Date extends RealDate {
    constructor(...parts) { parts.length === 0 ? super(Date.now()) : super(...parts); }
    static now() { return RealDate.now() + offsetMs; }
  };
`;

describe('a clock that is set while the server runs', () => {
  let stack: AuditStack;

  beforeEach(async () => {
    stack = await AuditStack.open({ postgres: 'now' });
  });
  afterEach(() => stack.close());

  it.each([
    ['back by a minute', -60_000],
    ['back by 40 days, into a month that has no partition yet', -40 * DAY_MS],
    ['forward by 40 days', 40 * DAY_MS],
    ['forward by a year, into a month that has no partition yet', 366 * DAY_MS],
  ])('%s: every record is kept, under the time that the clock had', async (_, offsetMs) => {
    const shiftedClock = join(stack.dataDir, 'clock.cjs');
    const offsetFile = join(stack.dataDir, 'offset');
    writeFileSync(shiftedClock, SHIFTED_CLOCK);
    writeFileSync(offsetFile, '0');
    const env = { ...preload(shiftedClock), CLOCK_OFFSET_FILE: offsetFile };
    const api = await (await stack.api('api', env)).start();
    const client = new LedgerClient({ ports: [api.port] });
    await client.send(50);
    const before = client.texts();
    const from = new Date(Date.now() + offsetMs);
    writeFileSync(offsetFile, String(offsetMs));
    await client.send(100);
    await api.stop();
    await api.start(); // it looks after the partitions, by that clock
    const beforeLast = client.texts();
    await client.send(50);
    await api.whenShipped();
    const last = client.texts() - beforeLast;
    const to = new Date(Date.now() + offsetMs);
    writeFileSync(offsetFile, '0');
    await client.send(50);
    expect(await stack.settle([client])).toEqual(NO_DIFFERENCES);
    const [row] = await stack.query<{ count: string }>(
      `SELECT count(*) FROM inference_logs WHERE created_at BETWEEN $1 AND $2`,
      [from, to],
    );
    expect(Number(row?.count)).toBeGreaterThanOrEqual(last);
    expect(Number(row?.count)).toBeLessThanOrEqual(client.texts() - before);
    expect(await stack.query('SELECT * FROM inference_log_dead_letters')).toEqual([]);
  });
});
