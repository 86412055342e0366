import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AuditStack } from '../support/audit-stack.js';
import { LedgerClient } from '../support/ledger-client.js';

jest.setTimeout(120_000);

const REQUESTS = 100;
const LINES = REQUESTS + 4 * (REQUESTS / 10); // every tenth is a batch of five

describe('the spool of a killed server', () => {
  let stack: AuditStack;

  beforeEach(async () => {
    stack = await AuditStack.open({ postgres: 'later' });
  });
  afterEach(() => stack.close());

  /** A server records, is killed, has its spool changed, and is started again with a Postgres to write to. */
  async function restartAfter(damage: (segment: Buffer) => Buffer) {
    const api = await (await stack.api('api')).start();
    const client = new LedgerClient({ ports: [api.port] });
    await client.send(REQUESTS);
    await api.kill();
    const [folder] = stack.spools();
    const path = join(stack.dataDir, 'spool', folder!);
    const [name] = readdirSync(path).filter((file) => file.endsWith('.log'));
    writeFileSync(join(path, name!), damage(readFileSync(join(path, name!))));
    await stack.postgres!.start();
    await api.start();
    return { api, client };
  }

  async function expectLost(client: LedgerClient, records: number): Promise<void> {
    await stack.waitForRows(LINES - records);
    await stack.waitForSpools(1);
    const found = await stack.compare([client]);
    expect(found).toMatchObject({ double: [], wrong: [], strange: [] });
    expect(found.missing).toHaveLength(records);
  }

  it('loses one record to one wrong byte, says where, and ships the rest', async () => {
    const { api, client } = await restartAfter((segment) => {
      const byte = segment.indexOf('"request_id"', segment.length >> 1); // not the end of a line, which parts two records
      segment[byte] = segment[byte]! ^ 1;
      return segment;
    });
    await expectLost(client, 1);
    const line = await api.waitForLog(/Damaged records of an audit spool were stepped over/);
    expect(line).toMatchObject({ level: 'ERROR', lines: 1, file: expect.stringMatching(/0000000001\.log$/) as string });
    expect(await api.metric('audit_spool_corrupt_lines_total')).toBe(1);
  });

  it('loses one record to a torn end', async () => {
    const { api, client } = await restartAfter((segment) => segment.subarray(0, -20));
    await expectLost(client, 1);
    expect(await api.metric('audit_spool_corrupt_lines_total')).toBe(1);
  });

  it('loses what a stretch of garbage covers, and no more', async () => {
    const { api, client } = await restartAfter((segment) => {
      const half = segment.indexOf('\n', segment.length >> 1) + 1;
      const end = segment.indexOf('\n', half) + 1;
      return Buffer.concat([segment.subarray(0, half), Buffer.alloc(100_000, 0xff), segment.subarray(end)]);
    });
    await expectLost(client, 2); // the line that it replaces, and the one whose beginning it hides
    expect(await api.metric('audit_spool_corrupt_lines_total')).toBeGreaterThan(0);
  });
});
