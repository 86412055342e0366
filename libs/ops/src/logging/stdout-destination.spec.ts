import { execFileSync } from 'node:child_process';
import { closeSync, constants, createReadStream, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { temporaryFolder } from '../../../../scripts/test-support/temporary-folder.js';
import { StdoutDestination } from './stdout-destination.js';

const LINE = `${'x'.repeat(99)}\n`;

describe('StdoutDestination', () => {
  const folder = temporaryFolder();
  const dropped: number[] = [];
  const destination = (fd: number, maxWaitingBytes?: number) =>
    new StdoutDestination((lines) => dropped.push(lines), fd, maxWaitingBytes);

  beforeEach(() => (dropped.length = 0));

  it('has written everything once it is flushed', async () => {
    const file = join(folder, 'lines');
    const out = destination(openSync(file, 'w'));
    for (let k = 0; k < 1000; k++) {
      out.write(LINE);
    }
    await out.flush(10_000);
    expect(readFileSync(file, 'utf8')).toBe(LINE.repeat(1000));
    await out.flush(10_000); // with nothing to do
  });

  it('does not wait for a reader that does not read: it drops what is too much, and says so afterwards', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const fd = openSync(pipe, constants.O_RDWR);
    const out = destination(fd, 200_000);
    for (let k = 0; k < 10_000; k++) {
      out.write(LINE); // 1 MB; a pipe takes 64 KiB
    }
    await out.flush(50); // gives up
    expect(dropped).toEqual([]);
    const reader = createReadStream(pipe);
    const read = text(reader).catch(() => '');
    await out.flush(10_000);
    expect(dropped).toEqual([expect.any(Number)]);
    out.write('the last line\n');
    await out.flush(10_000);
    closeSync(fd);
    const lines = (await read).split('\n');
    expect(lines.at(-2)).toBe('the last line');
    expect(lines.length - 2).toBe(10_000 - (dropped[0] ?? 0));
    expect(new Set(lines.slice(0, -2))).toEqual(new Set([LINE.trim()]));
  });

  it('survives a full disk', async () => {
    const out = destination(openSync('/dev/full', 'w'));
    out.write(LINE);
    await out.flush(200);
    out.write(LINE);
    await out.flush(200);
    expect(dropped).toEqual([]);
  });
});
