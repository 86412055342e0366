import { createHash } from 'node:crypto';

/** What falcon.json says of a file with this content. */
export function listedFile(content: Buffer | string): { bytes: number; sha256: string } {
  return { bytes: Buffer.byteLength(content), sha256: createHash('sha256').update(content).digest('hex') };
}
