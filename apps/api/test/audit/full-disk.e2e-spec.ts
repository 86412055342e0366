import { rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  describeWithSmallDisk,
  fillUp,
  mountSmallDisk,
  unmountSmallDisk,
} from '../../../../scripts/test-support/small-disk.js';
import { until } from '../../../../scripts/test-support/until.js';
import { AuditStack } from '../support/audit-stack.js';
import { LedgerClient } from '../support/ledger-client.js';
import { NO_DIFFERENCES } from '../support/ledger-check.js';

jest.setTimeout(120_000);

const DISK_BYTES = 4 * 2 ** 20;

describeWithSmallDisk('a full disk', () => {
  let stack: AuditStack;
  let dataDir: string;
  let ballast: string;

  beforeEach(async () => {
    stack = await AuditStack.open({ postgres: 'now' });
    dataDir = join(stack.dataDir, 'disk');
    mountSmallDisk(dataDir, DISK_BYTES);
    ballast = join(dataDir, 'ballast');
  });
  afterEach(async () => {
    await stack.kill();
    unmountSmallDisk(dataDir);
    await stack.close();
  });

  /** The same server before, while and after its disk is full. */
  async function run(env: NodeJS.ProcessEnv) {
    const api = await (await stack.api('api', { DATA_DIR: dataDir, ...env })).start();
    const client = new LedgerClient({ ports: [api.port] });
    await client.send(100);
    fillUp(ballast);
    const full = new LedgerClient({ ports: [api.port], name: 'full' });
    await full.send(200);
    const dropped = await api.metric('dropped_logs_total');
    rmSync(ballast);
    await until(async () => {
      const before = await api.metric('dropped_logs_total');
      const answer = await client.ask(api.port);
      return answer?.status === 200 && (await api.metric('dropped_logs_total')) === before;
    });
    return { api, client, full, dropped };
  }

  it('costs records, which are counted, and no answer; recording goes on when there is room', async () => {
    const { api, client, full, dropped } = await run({ AUDIT_WHEN_FULL: 'drop' });
    expect(full.statuses()).toEqual({ 200: 200 });
    expect(dropped).toBeGreaterThan(0);
    expect(await api.waitForLog(/buffer full/)).toMatchObject({ level: 'ERROR' });
    await api.whenShipped();
    const rows = await stack.rows();
    expect(rows).toHaveLength(client.texts() + full.texts() - (await api.metric('dropped_logs_total'))!);
  });

  it('costs answers where none may leave unrecorded; they are given again when there is room', async () => {
    const { api, client, full, dropped } = await run({ AUDIT_WHEN_FULL: 'refuse' });
    expect(full.statuses()[503]).toBeGreaterThan(0);
    expect(new Set([...full.answered.values()].map(({ code }) => code))).toContain('AUDIT_UNAVAILABLE');
    expect(dropped).toBe(0);
    await api.whenShipped();
    expect(await stack.settle([client, full])).toEqual(NO_DIFFERENCES);
  });
});
