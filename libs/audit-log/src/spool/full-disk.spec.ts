import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  describeWithSmallDisk,
  mountSmallDisk,
  unmountSmallDisk,
} from '../../../../scripts/test-support/small-disk.js';
import { drain, SpoolRoot } from '../../test-support/spools.js';
import type { Spool } from './spool.js';

const json = (id: number) => JSON.stringify({ id, text: 'x'.repeat(500) });
const DISK_BYTES = 256 * 1024;

describeWithSmallDisk('a spool on a small disk', () => {
  let root: SpoolRoot;
  let disk: string;

  beforeEach(() => {
    root = new SpoolRoot();
    disk = join(root.path, 'disk');
    mountSmallDisk(disk, DISK_BYTES);
  });
  afterEach(() => unmountSmallDisk(disk));

  /** Appends until the disk is full; the numbers that were taken. */
  async function fill(spool: Spool, from = 0): Promise<number[]> {
    const taken: number[] = [];
    const append = (id: number) => spool.append(json(id)).catch((error: unknown) => error);
    let [id, refusal] = [from, await append(from)];
    while (!refusal) {
      taken.push(id);
      refusal = await append(++id);
    }
    expect(refusal).toMatchObject({ code: 'SPOOL_WRITE_FAILED', message: expect.stringMatching(/ENOSPC/) as string });
    return taken;
  }

  it.each([false, true])(
    'keeps what it took, refuses the rest, and goes on when there is room (sync: %s)',
    async (sync) => {
      const ballast = join(disk, 'ballast');
      writeFileSync(ballast, Buffer.alloc(100_000));
      const spool = await root.open({ root: join(disk, 'spool'), sync });
      const taken = await fill(spool);
      expect(taken.length).toBeGreaterThan(100);
      await sleep(110);
      expect(await fill(spool, 1000)).toEqual([]); // tried again, and still full
      rmSync(ballast);
      await sleep(110);
      taken.push(...(await fill(spool, 2000)));
      expect(taken.filter((id) => id >= 2000).length).toBeGreaterThan(50);
      expect((await drain(spool.source)).map((row) => (JSON.parse(row) as { id: number }).id)).toEqual(taken);
      expect(root.observer.events.filter(([event]) => event === 'onCorrupt')).toEqual([]);
      await spool.close();
    },
  );

  it('gets room again when the table has the records', async () => {
    const spool = await root.open({ root: join(disk, 'spool'), maxBytes: 200_000 });
    await spool.append(json(-1));
    expect(await drain(spool.source)).toHaveLength(1);
    for (let round = 0; round < 5; round++) {
      writeFileSync(join(disk, 'ballast'), Buffer.alloc(120_000));
      const taken = await fill(spool, round * 1000);
      expect(await drain(spool.source)).toHaveLength(taken.length);
      await sleep(110);
    }
    expect(root.log.lines.filter((line) => line.startsWith('WARNING'))).toEqual([]);
    await spool.close();
    expect(readdirSync(join(disk, 'spool'))).toEqual([]);
  });

  it('does not collect empty files', async () => {
    const spool = await root.open({ root: join(disk, 'spool') });
    writeFileSync(join(disk, 'ballast'), Buffer.alloc(DISK_BYTES - 8192));
    for (let round = 0; round < 5; round++) {
      await fill(spool);
      await sleep(110);
    }
    const segments = readdirSync(join(disk, 'spool', spool.source.id)).filter((name) => name.endsWith('.log'));
    expect(segments.length).toBeLessThanOrEqual(1);
    await spool.close();
  });
});
