import { rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  describeWithSmallDisk,
  fillUp,
  mountSmallDisk,
  unmountSmallDisk,
} from '../../../../scripts/test-support/small-disk.js';
import { AuditStack } from '../support/audit-stack.js';
import { LedgerClient } from '../support/ledger-client.js';
import { untilProbedAs } from '../support/probed.js';

jest.setTimeout(60_000);

const DISK_BYTES = 4 * 2 ** 20;

describeWithSmallDisk('the probes of a server whose disk is full', () => {
  let stack: AuditStack;
  let disk: string;

  beforeEach(async () => {
    stack = await AuditStack.open({ postgres: 'now' });
    disk = join(stack.dataDir, 'disk');
    mountSmallDisk(disk, DISK_BYTES);
  });
  afterEach(async () => {
    await stack.kill();
    unmountSmallDisk(disk);
    await stack.close();
  });

  it.each([
    ['drop', 'the disk is full', 'stay ready, for answers still leave'],
    ['refuse', 'the disk is full, and answers refused', 'are not ready'],
  ])('with AUDIT_WHEN_FULL=%s say so: "%s"', async (whenFull, fault) => {
    const api = await (await stack.api('api', { DATA_DIR: disk, AUDIT_WHEN_FULL: whenFull })).start();
    const ballast = join(disk, 'ballast');
    fillUp(ballast);
    new LedgerClient({ ports: [api.port], connections: 1, pauseMs: 100 }).start();
    await untilProbedAs(fault, api.port);
    if (whenFull === 'refuse') {
      rmSync(ballast);
      await api.waitUntilReady();
    }
  });
});
