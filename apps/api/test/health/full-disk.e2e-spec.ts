import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AuditStack } from '../support/audit-stack.js';
import { LedgerClient } from '../support/ledger-client.js';
import { untilProbedAs } from '../support/probed.js';

jest.setTimeout(60_000);

const DISK_BYTES = 4 * 2 ** 20;

describe('the probes of a server whose disk is full', () => {
  let stack: AuditStack;
  let disk: string;

  beforeEach(async () => {
    stack = await AuditStack.open({ postgres: 'now' });
    disk = join(stack.dataDir, 'disk');
    mkdirSync(disk);
  });
  afterEach(async () => {
    await stack.kill();
    spawnSync('umount', ['-l', disk]);
    await stack.close();
  });

  it.each([
    ['drop', 'the disk is full', 'stay ready, for answers still leave'],
    ['refuse', 'the disk is full, and answers refused', 'are not ready'],
  ])('with AUDIT_WHEN_FULL=%s say so: "%s"', async (whenFull, fault) => {
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'tmpfs', disk]).status !== 0) {
      process.stderr.write('SKIPPED, because a small disk cannot be mounted (root may): probes with a full disk\n');
      return;
    }
    const api = await (await stack.api('api', { DATA_DIR: disk, AUDIT_WHEN_FULL: whenFull })).start();
    const ballast = join(disk, 'ballast');
    fillUp(ballast);
    const client = new LedgerClient({ ports: [api.port], connections: 1, pauseMs: 100 }).start();
    try {
      await untilProbedAs(fault, api.port);
      if (whenFull === 'refuse') {
        rmSync(ballast);
        await api.waitUntilReady();
      }
    } finally {
      await client.stop();
    }
  });
});

/** Leaves not a byte of the disk. */
function fillUp(file: string): void {
  for (const chunk of [65_536, 4096, 1]) {
    try {
      for (;;) writeFileSync(file, Buffer.alloc(chunk), { flag: 'a' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
}
