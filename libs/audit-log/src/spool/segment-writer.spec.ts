import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SEGMENT_HEADER, segmentFile } from './segment.js';
import { SegmentWriter } from './segment-writer.js';

describe('SegmentWriter.writeNow', () => {
  let folder: string;
  let nowMs: number;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'falcon-segments-'));
    nowMs = 5000;
    jest.spyOn(performance, 'now').mockImplementation(() => nowMs);
  });
  afterEach(() => {
    jest.restoreAllMocks();
    rmSync(folder, { recursive: true });
  });

  /** A writer that has its first file, as after the first record. */
  async function started(options: { sync?: boolean; segmentBytes?: number } = {}): Promise<SegmentWriter> {
    const defaults = { folder, sync: false, segmentBytes: 1 << 20, onDeleted: async () => undefined };
    const writer = new SegmentWriter({ ...defaults, ...options });
    expect(writer.writeNow(Buffer.from('too soon'))).toBe(false); // there is no file yet
    await writer.write(Buffer.from('first\n'));
    await writer.write(Buffer.from('second\n')); // the first look at the open file
    return writer;
  }

  const content = (): string => readFileSync(join(folder, segmentFile(1)), 'utf8').slice(SEGMENT_HEADER.length);

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
});
