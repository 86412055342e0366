import { existsSync } from 'node:fs';
import { AuditStack } from '../support/audit-stack.js';
import { plantSpool, recordOfFormat1 } from '../support/spool-fixture.js';

jest.setTimeout(120_000);

const RECORDS = Array.from({ length: 20 }, (_, index) => recordOfFormat1(`former-${index}`));

describe('a spool that another version left behind', () => {
  let stack: AuditStack;

  beforeEach(async () => {
    stack = await AuditStack.open({ postgres: 'now' });
  });
  afterEach(() => stack.close());

  it('is shipped when it is an older one: what was not recorded then is NULL', async () => {
    plantSpool(stack.dataDir, 1, RECORDS);
    await (await stack.api('api')).start();
    await stack.waitForRows(RECORDS.length);
    const [row] = await stack.query(`SELECT * FROM inference_logs WHERE request_id = 'former-7'`);
    expect(row).toMatchObject({ worker_id: 'former', prediction: 'positive', batch_index: null, text: null });
    await stack.waitForSpools(1);
    expect(stack.spools()).not.toContain('former-0123abcd');
  });

  it('is left alone when it is a newer one, and the log says what to do', async () => {
    const segment = plantSpool(stack.dataDir, 3, RECORDS);
    const api = await (await stack.api('api')).start();
    const said = await api.waitForLog(/format 3|newer/);
    expect(said).toMatchObject({ level: 'ERROR', message: expect.stringMatching(/newer Falcon/) as string });
    expect(await stack.rows()).toEqual([]);
    expect(existsSync(segment)).toBe(true);
  });
});
