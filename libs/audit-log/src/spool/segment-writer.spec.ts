import fs, { mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { temporaryFolder } from '../../../../scripts/test-support/temporary-folder.js';
import { until } from '../../../../scripts/test-support/until.js';
import { SEGMENT_HEADER, segmentFile } from './segment.js';
import { SegmentWriter, type SegmentWriterOptions } from './segment-writer.js';

const KIB = 1024;
/** What a writer has written when a test begins. */
const BEGINNING = 'first\nsecond\n';

describe('SegmentWriter', () => {
  let folder: string;
  let nowMs: number;

  beforeEach(() => {
    folder = temporaryFolder();
    nowMs = 5000;
    jest.spyOn(performance, 'now').mockImplementation(() => nowMs);
  });
  afterEach(() => jest.restoreAllMocks());

  /** A writer that has its first file, as after the first record. */
  async function started(options: Partial<SegmentWriterOptions> = {}): Promise<SegmentWriter> {
    const defaults = { folder, sync: false, segmentBytes: 1 << 20, onDeleted: async () => undefined };
    const writer = new SegmentWriter({ ...defaults, ...options });
    expect(writer.writeNow(Buffer.from('too soon'))).toBe(false); // there is no file yet
    await writer.write(Buffer.from('first\n'));
    await writer.write(Buffer.from('second\n')); // the first look at the open file
    return writer;
  }

  const file = (segment = 1): string => join(folder, segmentFile(segment));
  const content = (segment = 1): string => readFileSync(file(segment), 'utf8').slice(SEGMENT_HEADER.length);

  it('puts the bytes into the file at once, after those before', async () => {
    const writer = await started();
    expect(writer.writeNow(Buffer.from('third\n'))).toBe(true);
    expect(content()).toBe('first\nsecond\nthird\n');
    expect(writer.ends.get(1)).toBe(SEGMENT_HEADER.length + 'first\nsecond\nthird\n'.length);
    await writer.write(Buffer.from('fourth\n'));
    expect(content()).toBe('first\nsecond\nthird\nfourth\n');
    await writer.close();
  });

  it('leaves to write what must be on the disk itself, and what begins a new segment', async () => {
    const synced = await started({ sync: true });
    expect(synced.writeNow(Buffer.from('third\n'))).toBe(false);
    await synced.close();
    const full = await started({ segmentBytes: SEGMENT_HEADER.length + 1 });
    expect(full.writeNow(Buffer.from('third\n'))).toBe(false);
    await full.close();
  });

  it('looks every second whether the file is still there, which takes write', async () => {
    const writer = await started();
    nowMs += 999;
    expect(writer.writeNow(Buffer.from('a'))).toBe(true);
    nowMs += 1;
    expect(writer.writeNow(Buffer.from('b'))).toBe(false);
    await writer.write(Buffer.from('b'));
    expect(writer.writeNow(Buffer.from('c'))).toBe(true);
    await writer.close();
  });

  it('counts nothing as written while its file is deleted and the folder cannot be made again', async () => {
    let isWritable = false;
    const onDeleted = async () => {
      if (!isWritable) throw new Error('EROFS');
      mkdirSync(folder);
    };
    const writer = await started({ onDeleted });
    rmSync(folder, { recursive: true });
    nowMs += 1000;
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect(writer.write(Buffer.from('lost\n'))).rejects.toThrow('EROFS');
      expect(writer.writeNow(Buffer.from('lost\n'))).toBe(false);
    }
    isWritable = true;
    await writer.write(Buffer.from('kept\n'));
    expect(content(2)).toBe('kept\n');
    await writer.close();
  });

  it('stays off the serving thread for ten seconds after a slow write', async () => {
    const writer = await started();
    let calls = 0;
    jest.spyOn(performance, 'now').mockImplementation(() => nowMs + (calls++ > 0 ? 21 : 0));
    expect(writer.writeNow(Buffer.from('slow'))).toBe(true);
    jest.spyOn(performance, 'now').mockImplementation(() => nowMs);
    expect(writer.writeNow(Buffer.from('no'))).toBe(false);
    nowMs += 9900;
    await writer.write(Buffer.from('by write'));
    expect(writer.writeNow(Buffer.from('no'))).toBe(false);
    nowMs += 200;
    expect(writer.writeNow(Buffer.from('again'))).toBe(true);
    await writer.close();
  });

  it('lets a synced file grow by zeros ahead of the records, and cuts them off at the end', async () => {
    const writer = await started({ sync: true, segmentBytes: 4096 * KIB });
    const record = Buffer.alloc(40 * KIB, 'a');
    let most = 0;
    for (let size = 0; size < 3000 * KIB; size += record.length) {
      await writer.write(record);
      const zeros = () => statSync(file()).size - writer.ends.get(1)!;
      await until(() => zeros() >= 32 * KIB);
      most = Math.max(most, zeros());
    }
    expect(most).toBeGreaterThan(512 * KIB);
    expect(most).toBeLessThanOrEqual(1536 * KIB);
    await writer.close();
    expect(statSync(file()).size).toBe(writer.ends.get(1));
    expect(content()).toBe(BEGINNING.padEnd(writer.ends.get(1)! - SEGMENT_HEADER.length, 'a'));
  });

  it('never writes zeros over a record, however late they are, nor hears of its failure in its place', async () => {
    const write = fs.write.bind(fs) as (...call: unknown[]) => void;
    const descriptors = { zeros: new Set<number>(), records: new Set<number>() };
    jest.spyOn(fs, 'write').mockImplementation(((descriptor: number, bytes: Buffer, ...rest: unknown[]) => {
      const isRecord = bytes.includes('\n');
      descriptors[isRecord ? 'records' : 'zeros'].add(descriptor);
      setTimeout(() => write(descriptor, bytes, ...rest), isRecord ? 0 : 20);
    }) as typeof fs.write);
    const writer = await started({ sync: true, segmentBytes: 2048 * KIB });
    let all = BEGINNING;
    for (let record = 0; all.length < 1900 * KIB; record++) {
      const line = `${record}`.padEnd(1 + ((record * 7919) % 90_000), '.') + '\n';
      await writer.write(Buffer.from(line));
      all += line;
    }
    await writer.close();
    expect(content()).toBe(all);
    expect([...descriptors.zeros].filter((each) => descriptors.records.has(each))).toEqual([]);
    expect(descriptors.zeros.size).toBeGreaterThan(0);
  });

  it('writes no zeros where nothing is synced', async () => {
    const writer = await started();
    await writer.write(Buffer.alloc(100 * KIB, 'a'));
    await sleep(50);
    expect(statSync(file()).size).toBe(writer.ends.get(1));
    await writer.close();
  });

  it('does not write zeros behind the end of a segment', async () => {
    const writer = await started({ sync: true, segmentBytes: 100 * KIB });
    await writer.write(Buffer.alloc(60 * KIB, 'a'));
    await until(() => statSync(file()).size === 100 * KIB);
    await writer.write(Buffer.alloc(60 * KIB, 'b'));
    await writer.write(Buffer.from('c\n'));
    expect(statSync(file()).size).toBe(SEGMENT_HEADER.length + BEGINNING.length + 120 * KIB);
    expect(content(2).startsWith('c\n')).toBe(true);
    await writer.close();
  });
});
