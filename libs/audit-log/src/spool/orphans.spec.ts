import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { canMount } from '../../../../scripts/test-support/small-disk.js';
import { until } from '../../../../scripts/test-support/until.js';
import { drain, SpoolRoot } from '../../test-support/spools.js';
import { SEGMENT_HEADER } from './segment.js';
import { lineOf } from './spool-line.js';

const NAME = 'worker-1-0badcafe';
const LONG_AGO = new Date(Date.now() - 3_600_000);

// Child processes are started, one after the other, on a machine that may be busy.
jest.setTimeout(60_000);

describe('Orphans', () => {
  let root: SpoolRoot;
  const at = (...names: string[]) => join(root.path, ...names);
  const plant = (name: string, segment: Buffer): void => {
    mkdirSync(at(name));
    writeFileSync(at(name, '0000000001.log'), segment);
  };

  beforeEach(() => (root = new SpoolRoot()));

  it.each(['process', 'sync'] as const)(
    'finds every appended record once after SIGKILL (durability %s)',
    async (durability) => {
      for (let round = 0; round < 5; round++) {
        const writer = await root.startWriter(durability);
        await sleep(20 + Math.random() * 400);
        await writer.kill();
        const [spool, ...others] = await root.orphans().adopt();
        expect(others).toEqual([]);
        expect(spool?.id).toBe(writer.id);
        const rows = spool ? await drain(spool) : [];
        const ids = rows.map((row) => (JSON.parse(row) as { id: number }).id);
        expect(new Set(ids).size).toBe(ids.length);
        const found = new Set(ids);
        expect(writer.appended().filter((id) => !found.has(id))).toEqual([]);
        expect(writer.appended().length).toBeGreaterThan(0);
        await spool?.release();
        expect(readdirSync(root.path)).toEqual([]);
      }
    },
  );

  it.each([
    ['without a byte', Buffer.alloc(0)],
    ['with half a header', SEGMENT_HEADER.subarray(0, 10)],
    ['with a header and no record', SEGMENT_HEADER],
  ])('removes a spool whose process died when it had begun a segment %s', async (_, segment) => {
    plant(NAME, segment);
    for (const spool of await root.orphans().adopt()) {
      expect(await drain(spool)).toEqual([]);
      await spool.release();
    }
    expect(readdirSync(root.path)).toEqual([]);
  });

  it.each(['process', 'sync'] as const)(
    'goes on in another file when one cannot be written (durability %s)',
    async (durability) => {
      const writer = await root.startWriter(durability, 512);
      await until(() => readdirSync(at(String(writer.id))).filter((name) => name.endsWith('.log')).length >= 4);
      await writer.kill();
      const [spool] = await root.orphans().adopt();
      const ids = (spool ? await drain(spool) : []).map((row) => (JSON.parse(row) as { id: number }).id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(writer.appended().filter((id) => !ids.includes(id))).toEqual([]);
      await spool?.release();
      expect(root.log.lines.length).toBeLessThanOrEqual(1); // what did not fit was cut off; SIGKILL may have torn the last write
    },
  );

  it('does not take the spool of a process that runs or is frozen', async () => {
    const writer = await root.startWriter();
    const orphans = root.orphans();
    expect(await orphans.adopt()).toEqual([]);
    writer.child.kill('SIGSTOP');
    await sleep(50);
    expect(await orphans.adopt()).toEqual([]);
    const own = await root.open(); // nor its own
    expect(await orphans.adopt()).toEqual([]);
    await own.close();
    await writer.kill();
    const [spool] = await orphans.adopt();
    expect(spool?.id).toBe(writer.id);
    await spool?.release();
    expect(root.log.lines).toEqual([]);
  });

  it('gives a spool to one of two that want it', async () => {
    plant(NAME, Buffer.concat([SEGMENT_HEADER, lineOf('{"id":1}')]));
    const [one, two] = await Promise.all([root.orphans().adopt(), root.orphans().adopt()]);
    expect(one.length + two.length).toBe(1);
    const [spool] = [...one, ...two];
    expect(spool && (await drain(spool))).toEqual(['{"id":1}']);
    const [, late] = await Promise.all([spool?.release(), root.orphans().adopt()]);
    expect(late).toEqual([]);
    await root.orphans().adopt();
    expect(existsSync(at(NAME))).toBe(false);
    expect(root.log.lines).toEqual([]);
  });

  it('leaves a spool that it could not drain to the next', async () => {
    plant(NAME, Buffer.concat([SEGMENT_HEADER, lineOf('{"id":1}')]));
    const orphans = root.orphans();
    for (let k = 0; k < 2; k++) {
      const [spool] = await orphans.adopt();
      expect(spool && (await drain(spool, undefined, false))).toEqual(['{"id":1}']);
      await spool?.release();
    }
    expect(existsSync(at(NAME, '0000000001.log'))).toBe(true);
  });

  it('takes no more than it is asked to', async () => {
    const segment = Buffer.concat([SEGMENT_HEADER, lineOf('{"id":1}')]);
    for (let k = 0; k < 5; k++) plant(`worker-${k}-0badcafe`, segment);
    const orphans = root.orphans();
    const counts = [(await orphans.adopt(3)).length, (await orphans.adopt(3)).length, (await orphans.adopt(3)).length];
    expect(counts).toEqual([3, 2, 0]);
  });

  it('removes a folder without records, but not one that is just being made', async () => {
    mkdirSync(at(NAME));
    await root.orphans().adopt();
    expect(existsSync(at(NAME))).toBe(true);
    utimesSync(at(NAME), LONG_AGO, LONG_AGO);
    await root.orphans().adopt();
    expect(existsSync(at(NAME))).toBe(false);
  });

  it('leaves what is no spool alone, and says so once', async () => {
    writeFileSync(at('notes.txt'), 'mine');
    mkdirSync(at('lost+found'));
    const orphans = root.orphans();
    for (let k = 0; k < 3; k++) expect(await orphans.adopt()).toEqual([]);
    expect(readdirSync(root.path).sort()).toEqual(['lost+found', 'notes.txt']);
    expect(root.log.lines).toEqual(Array(2).fill('WARNING A file that is no audit spool is left alone'));
  });

  it('does not delete what somebody put into a spool, nor ships that spool again', async () => {
    plant(NAME, Buffer.concat([SEGMENT_HEADER, lineOf('{"id":1}')]));
    writeFileSync(at(NAME, 'notes.txt'), 'mine');
    const orphans = root.orphans();
    const [spool] = await orphans.adopt();
    if (spool) await drain(spool);
    await spool?.release();
    expect(readdirSync(at(NAME))).toEqual(['notes.txt']);
    expect(await orphans.adopt()).toEqual([]);
    expect(root.log.lines).toEqual(['ERROR An audit spool is in the table and cannot be removed: delete it']);
  });

  it('leaves a spool of a newer Falcon alone, and says once what to do', async () => {
    plant(NAME, Buffer.concat([lineOf('{"spool_format":3}'), lineOf('{"id":1}')]));
    const orphans = root.orphans();
    for (let k = 0; k < 3; k++) expect(await orphans.adopt()).toEqual([]);
    expect(readdirSync(at(NAME))).toContain('0000000001.log');
    expect(root.log.lines).toEqual([
      'ERROR An audit spool is left alone. Its records are of format 3, this Falcon knows formats up to 2. Run the newer Falcon on this folder to ship it',
    ]);
  });

  it('ships a spool of the previous Falcon as what it is', async () => {
    plant(NAME, Buffer.concat([lineOf('{"spool_format":1}'), lineOf('{"id":1}')]));
    const [spool] = await root.orphans().adopt();
    const batch = await spool?.next({ maxRecords: 10, maxBytes: 1000 });
    expect([batch?.format, batch?.rows.toString()]).toEqual([1, '{"id":1}']);
    await spool?.release();
  });

  it('finds nothing where there is no folder yet', async () => {
    rmSync(root.path, { recursive: true });
    expect(await root.orphans().adopt()).toEqual([]);
    expect(root.log.lines).toEqual([]);
  });

  it('says once that a folder cannot be used, and takes it when it can', async () => {
    plant(NAME, Buffer.concat([SEGMENT_HEADER, lineOf('{"id":1}')]));
    const release = makeUnusable(at(NAME));
    const orphans = root.orphans();
    try {
      for (let k = 0; k < 3; k++) expect(await orphans.adopt()).toEqual([]);
    } finally {
      release();
    }
    expect(root.log.lines).toEqual([
      'ERROR An audit spool of a stopped process cannot be read: its records wait until its folder can be used',
    ]);
    const [spool] = await orphans.adopt();
    expect(spool && (await drain(spool))).toEqual(['{"id":1}']);
    await spool?.release();
  });
});

/** Root may write everywhere but where a read-only file system is mounted; if it may not mount, something else is in the way. */
function makeUnusable(path: string): () => void {
  if (process.getuid?.() !== 0) {
    chmodSync(path, 0o500);
    return () => chmodSync(path, 0o700);
  }
  if (!canMount) {
    mkdirSync(join(path, 'lock'));
    return () => rmdirSync(join(path, 'lock'));
  }
  execFileSync('mount', ['--bind', path, path]);
  execFileSync('mount', ['-o', 'remount,bind,ro', path]);
  return () => execFileSync('umount', [path]);
}
