import { Readable, Writable } from 'node:stream';
import { toStdout } from './to-stdout.js';

const LINES = Array.from({ length: 100 }, (_, k) => `line ${k}`);

async function* failing() {
  yield* LINES;
  throw new Error('no more');
}

describe('toStdout', () => {
  afterEach(() => jest.restoreAllMocks());

  /** Standard output whose reader takes line by line. */
  function readBy(take: (line: string) => Error | null): void {
    const write = (chunk: Buffer, _encoding: string, written: (error: Error | null) => void) =>
      setImmediate(() => written(take(chunk.toString())));
    jest.spyOn(process, 'stdout', 'get').mockReturnValue(new Writable({ write }) as typeof process.stdout);
  }

  it('has written what came before a failure, to a slow reader too', async () => {
    const lines: string[] = [];
    readBy((line) => (lines.push(line), null));
    await expect(toStdout(Readable.from(failing()))).rejects.toThrow('no more');
    expect(lines.filter((line) => line !== '')).toEqual(LINES);
  });

  it('throws the failure when the reader goes after it', async () => {
    const lines: string[] = [];
    const broken = Object.assign(new Error('EPIPE'), { code: 'EPIPE' });
    readBy((line) => (lines.push(line) === LINES.length ? broken : null));
    await expect(toStdout(Readable.from(failing()))).rejects.toThrow('no more');
  });

  it('takes a reader that goes for the end', async () => {
    readBy(() => Object.assign(new Error('EPIPE'), { code: 'EPIPE' }));
    await expect(toStdout(Readable.from(LINES))).resolves.toBeUndefined();
  });
});
