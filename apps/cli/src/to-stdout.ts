import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Writes to standard output; that nobody reads on, as with `head`, is no error. What came before one is written when it is thrown. */
export async function toStdout(text: Readable): Promise<void> {
  try {
    await pipeline(text, process.stdout, { end: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') return;
    await allWritten(process.stdout);
    throw error;
  }
}

/** A slow reader has not read everything yet, and the end of the process would lose the rest. */
function allWritten(output: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => output.once('error', () => resolve()).write('', () => resolve()));
}
