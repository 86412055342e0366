import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AuditStack } from '../support/audit-stack.js';
import { LedgerClient } from '../support/ledger-client.js';
import { NO_DIFFERENCES } from '../support/ledger-check.js';

jest.setTimeout(120_000);

const DISK_BYTES = 4 * 2 ** 20;

/** Mounts a small disk of its own; false where that is not permitted. */
function mountDisk(folder: string): boolean {
  mkdirSync(folder, { recursive: true });
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES},mode=0755`, 'tmpfs', folder]).status === 0;
}

/** Leaves not a byte of the disk. */
function fillUp(file: string): void {
  for (const chunk of [65_536, 4096, 1]) {
    try {
      for (;;) {
        writeFileSync(file, Buffer.alloc(chunk), { flag: 'a' });
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') {
        throw error;
      }
    }
  }
}

describe('a full disk', () => {
  let stack: AuditStack;
  let dataDir: string;
  let ballast: string;

  beforeEach(async () => {
    stack = await AuditStack.open({ postgres: 'now' });
    dataDir = join(stack.dataDir, 'disk');
    ballast = join(dataDir, 'ballast');
  });
  afterEach(async () => {
    await stack.kill();
    spawnSync('umount', ['-l', dataDir]);
    await stack.close();
  });

  /** The same server before, while and after its disk is full; undefined where no disk can be mounted. */
  async function run(env: NodeJS.ProcessEnv) {
    if (!mountDisk(dataDir)) {
      process.stderr.write('SKIPPED, because a small disk cannot be mounted (root may): a full disk\n');
      return undefined;
    }
    const api = await (await stack.api('api', { DATA_DIR: dataDir, ...env })).start();
    const client = new LedgerClient({ ports: [api.port] });
    await client.send(100);
    fillUp(ballast);
    const full = new LedgerClient({ ports: [api.port], name: 'full' });
    await full.send(200);
    const dropped = await api.metric('dropped_logs_total');
    rmSync(ballast);
    await client.send(100);
    expect(api.isRunning()).toBe(true);
    return { api, client, full, dropped };
  }

  it('costs records, which are counted, and no answer; recording goes on when there is room', async () => {
    const ran = await run({ AUDIT_WHEN_FULL: 'drop' });
    if (ran) {
      expect(ran.full.statuses()).toEqual({ 200: 200 });
      expect(ran.dropped).toBeGreaterThan(0);
      expect(await ran.api.waitForLog(/buffer full/)).toMatchObject({ level: 'ERROR' });
      await ran.api.whenShipped();
      const rows = await stack.rows();
      expect(rows).toHaveLength(ran.client.texts() + ran.full.texts() - (await ran.api.metric('dropped_logs_total'))!);
    }
  });

  it('costs answers where none may leave unrecorded; they are given again when there is room', async () => {
    const ran = await run({ AUDIT_WHEN_FULL: 'refuse' });
    if (ran) {
      expect(ran.full.statuses()[503]).toBeGreaterThan(0);
      expect(new Set([...ran.full.answered.values()].map(({ code }) => code))).toContain('AUDIT_UNAVAILABLE');
      expect(ran.dropped).toBe(0);
      await ran.api.whenShipped();
      expect(await stack.settle([ran.client, ran.full])).toEqual(NO_DIFFERENCES);
    }
  });
});
