import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Writes to standard output; that nobody reads on, as with `head`, is no error. */
export async function toStdout(text: Readable): Promise<void> {
  try {
    await pipeline(text, process.stdout, { end: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  }
}
