import { AuditStack } from '../support/audit-stack.js';
import { plantSpool, recordOfFormat1 } from '../support/spool-fixture.js';

jest.setTimeout(120_000);

const record = (id: string, members: object = {}) => ({ ...recordOfFormat1(id), ...members });

/** Each is one that Postgres will not have, and the SQLSTATE with which it says so. */
const REFUSED: [name: string, record: object | string, sqlstate: string][] = [
  [
    'lone-surrogate',
    JSON.stringify(record('lone-surrogate', { text: 'a' })).replace('"a"', String.raw`"\ud800"`),
    '22P02',
  ],
  ['nul', JSON.stringify(record('nul', { text: 'a' })).replace('"a"', String.raw`"\u0000"`), '22P05'],
  ['no-status', record('no-status', { status: undefined }), '23502'],
  ['huge-status', record('huge-status', { status: 1_000_000 }), '22003'],
  ['no-uuid', record('no-uuid', { id: 'not one' }), '22P02'],
  ['no-time', record('no-time', { created_at: 'yesterday-ish' }), '22007'],
  ['no-address', record('no-address', { client_ip: 'localhost' }), '22P02'],
];

describe('records that Postgres refuses', () => {
  let stack: AuditStack;

  beforeAll(async () => {
    stack = await AuditStack.open({ postgres: 'now' });
  });
  afterAll(() => stack.close());

  it('are set aside one by one with the reason, and hold up none of their neighbours', async () => {
    const good = Array.from({ length: 500 }, (_, index) => record(`good-${index}`));
    const mixed = REFUSED.flatMap(([, refused], index) => [...good.slice(index * 60, (index + 1) * 60), refused]);
    const long = record('long', { text: '🦅'.repeat(10_000) });
    plantSpool(stack.dataDir, 2, [...mixed, ...good.slice(REFUSED.length * 60), long]);
    const api = await (await stack.api('api')).start();
    await stack.waitForRows(good.length + 1);
    await stack.waitForSpools(1);
    const aside = await stack.query<{ sqlstate: string; reason: string; record: string }>(
      'SELECT sqlstate, reason, record FROM inference_log_dead_letters',
    );
    const states = aside.map((letter) => [/"request_id":"([^"]+)"/.exec(letter.record)?.[1], letter.sqlstate]);
    expect(Object.fromEntries(states)).toEqual(Object.fromEntries(REFUSED.map(([name, , state]) => [name, state])));
    expect(aside.every(({ reason }) => reason.length > 10)).toBe(true);
    expect(await stack.rows()).toHaveLength(good.length + 1);
    expect(await api.metric('audit_dead_letters_total')).toBe(REFUSED.length);
  });
});
