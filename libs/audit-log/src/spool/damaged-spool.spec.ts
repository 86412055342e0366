import fc from 'fast-check';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../../../scripts/test-support/temporary-folder.js';
import { recordingLog } from '../../test-support/recording-log.js';
import { recordingObserver } from '../../test-support/recording-observer.js';
import { drain } from '../../test-support/spools.js';
import { AdoptedSpool } from './adopted-spool.js';
import { SEGMENT_HEADER } from './segment.js';
import { SpoolFolder } from './spool-folder.js';
import { lineOf } from './spool-line.js';

const MIB = 1024 * 1024;
const json = (id: number) => JSON.stringify({ id, text: 'ä😀'.repeat(id % 7) });

describe('a damaged spool', () => {
  const root = temporaryFolder();
  const path = join(root, 'worker-1-0badcafe');
  const first = join(path, '0000000001.log');
  const log = recordingLog();
  const observer = recordingObserver();
  const records = Array.from({ length: 20 }, (_, id) => json(id));
  const intact = Buffer.concat([SEGMENT_HEADER, ...records.map(lineOf)]);

  beforeEach(() => {
    mkdirSync(path, { recursive: true });
    log.lines.splice(0);
    observer.reset();
  });
  afterEach(() => rmSync(path, { recursive: true, force: true }));

  /** What a neighbour reads from the folder; it must be drained afterwards, whatever was in it. */
  async function readAll(limits = { maxRecords: 6, maxBytes: 10_000 }): Promise<string[]> {
    mkdirSync(path, { recursive: true });
    const folder = SpoolFolder.take(path);
    if (!folder) throw new Error('The folder is locked.');
    const onStuck = (error: unknown) => expect(error).toBeUndefined();
    const spool = await AdoptedSpool.open(folder, { log, observer, onStuck });
    const rows = await drain(spool, limits);
    expect(spool.isDrained()).toBe(true);
    expect(spool.waitingBytes).toBe(0);
    await spool.release();
    return rows;
  }

  const corruptLines = () =>
    observer.events.filter(([event]) => event === 'onCorrupt').reduce((sum, [, lines]) => sum + Number(lines), 0);

  it('loses at most the lines that a flipped byte touches', async () => {
    const flips = fc.record({ at: fc.nat(intact.length - 1), by: fc.integer({ min: 1, max: 255 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(flips, { maxLength: 4 }), async (changes) => {
        mkdirSync(path, { recursive: true });
        const damaged = Buffer.from(intact);
        for (const { at, by } of changes) damaged[at] = (damaged[at] as number) ^ by;
        writeFileSync(first, damaged);
        const touched = linesTouched(intact, damaged);
        const rows = await readAll();
        expect(rows).toEqual(records.filter((_, id) => !touched.has(id)));
      }),
      { numRuns: 300 },
    );
  });

  it('is never read as anything that was not written, whatever is put in its place', async () => {
    const edits = fc.record({
      at: fc.nat(intact.length),
      remove: fc.nat(80),
      insert: fc.uint8Array({ maxLength: 80 }),
    });
    await fc.assert(
      fc.asyncProperty(edits, async ({ at, remove, insert }) => {
        mkdirSync(path, { recursive: true });
        writeFileSync(first, Buffer.concat([intact.subarray(0, at), insert, intact.subarray(at + remove)]));
        const rows = await readAll();
        expect(rows).toEqual(records.filter((record) => rows.includes(record)));
      }),
      { numRuns: 300 },
    );
  });

  it.each([0, 200_000])('ends where a write was torn, at whatever byte, with %i zeros ahead of it', async (zeros) => {
    for (let bytes = 0; bytes <= intact.length; bytes += 7) {
      mkdirSync(path, { recursive: true });
      writeFileSync(first, Buffer.concat([intact.subarray(0, bytes), Buffer.alloc(zeros)]));
      const whole = intact.subarray(SEGMENT_HEADER.length, Math.max(bytes, SEGMENT_HEADER.length)).toString();
      expect(await readAll()).toEqual(records.slice(0, whole.split('\n').length - 1));
    }
  });

  it('is logged by file and place, never by content', async () => {
    const at = SEGMENT_HEADER.length + lineOf(json(0)).length;
    const damaged = Buffer.from(intact);
    damaged[at + 12] = 0;
    writeFileSync(first, damaged);
    const error = jest.spyOn(log, 'error');
    expect(await readAll()).toHaveLength(19);
    expect(error.mock.calls).toEqual([
      [
        'Damaged records of an audit spool were stepped over',
        { file: first, offset: at, bytes: lineOf(json(1)).length, lines: 1 },
      ],
    ]);
    expect(corruptLines()).toBe(1);
    error.mockRestore();
  });

  it('is read although its header is missing, empty or in the middle', async () => {
    writeFileSync(first, intact.subarray(SEGMENT_HEADER.length));
    writeFileSync(join(path, '0000000002.log'), '');
    writeFileSync(join(path, '0000000003.log'), SEGMENT_HEADER);
    writeFileSync(join(path, '0000000007.log'), intact);
    expect(await readAll()).toEqual([...records, ...records]);
    expect(log.lines).toEqual([]);
  });

  it('is not damaged by the zeros ahead of its records, but by having nothing else', async () => {
    writeFileSync(first, Buffer.concat([intact, Buffer.alloc(MIB)]));
    expect(await readAll()).toEqual(records);
    expect(log.lines).toEqual([]);
    mkdirSync(path);
    writeFileSync(first, Buffer.alloc(MIB));
    expect(await readAll()).toEqual([]);
    expect(log.lines).toEqual(['ERROR Damaged records of an audit spool were stepped over']);
  });

  it('is stepped over in bounded memory when it is nothing but garbage', async () => {
    const size = 48 * MIB;
    writeFileSync(first, Buffer.concat([intact, Buffer.alloc(size, 'x')]));
    writeFileSync(
      join(path, '0000000002.log'),
      Buffer.concat([SEGMENT_HEADER, Buffer.alloc(4 * MIB, '\n'), lineOf(json(99))]),
    );
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().arrayBuffers - before)), 1);
    expect(await readAll()).toEqual([...records, json(99)]);
    clearInterval(watch);
    expect(most).toBeLessThan(16 * MIB);
    expect(log.lines).toHaveLength(2); // one a file
    expect(corruptLines()).toBeGreaterThan(4 * MIB);
  });

  it('is read from the start when the note of what is acknowledged is damaged', async () => {
    writeFileSync(first, intact);
    for (const note of ['', 'garbage', '00000000 {"segment":1,"offset":100}\n']) {
      writeFileSync(join(path, 'acknowledged'), note);
      const folder = SpoolFolder.take(path);
      if (!folder) throw new Error('The folder is locked.');
      const spool = await AdoptedSpool.open(folder, { log, observer, onStuck: () => undefined });
      expect(await drain(spool, { maxRecords: 100, maxBytes: MIB }, false)).toEqual(records);
      await spool.release();
    }
  });

  it('is drained when the note points behind its end', async () => {
    writeFileSync(first, intact.subarray(0, 200));
    writeFileSync(join(path, 'acknowledged'), lineOf('{"segment":1,"offset":5000}'));
    expect(await readAll()).toEqual([]);
  });

  function linesTouched(before: Buffer, after: Buffer): Set<number> {
    const touched = new Set<number>();
    let line = -1; // the header
    for (let at = 0; at < before.length; at++) {
      if (before[at] !== after[at]) {
        touched.add(line);
        if (before[at] === 0x0a) touched.add(line + 1); // two lines have become one
      }
      if (before[at] === 0x0a) line++;
    }
    return touched;
  }

  it('has its file as it was until it is released', async () => {
    writeFileSync(first, intact);
    const folder = SpoolFolder.take(path);
    if (!folder) throw new Error('The folder is locked.');
    const spool = await AdoptedSpool.open(folder, { log, observer, onStuck: () => undefined });
    await drain(spool, { maxRecords: 5, maxBytes: MIB }, false);
    expect(readFileSync(first).equals(intact)).toBe(true);
    await spool.release();
  });
});
