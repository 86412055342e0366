import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import type { SpoolBatch } from '../spool/spool-source.js';
import type { AuditJob } from './audit-job.js';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);
/** The fastest level that still finds the members' names: it costs less than quoting the rows as a string in JSON does. */
const OPTIONS = {
  params: { [constants.ZSTD_c_compressionLevel]: 1 },
  chunkSize: 128 * 1024, // most jobs fit: one visit to the thread pool instead of one for each 16 KiB
};

/** A job as the queue keeps it: a sixth of its size, compressed and unpacked outside the thread that serves. */
export interface PackedJob {
  format: number;
  records: number;
  /** The rows in UTF-8, compressed by Zstandard, in base64. */
  zstd: string;
}

/** What a worker may find on the queue: jobs may also be there as they are. */
export type QueuedJob = AuditJob | PackedJob;

/** Makes a job of a stretch of the spool; `rows` is UTF-8 and not looked at any more afterwards. */
export async function packJob({
  format,
  records,
  rows,
}: Pick<SpoolBatch, 'format' | 'records' | 'rows'>): Promise<PackedJob> {
  return { format, records, zstd: (await compress(rows, OPTIONS)).toString('base64') };
}

/** Makes it what it was. */
export async function unpackJob(job: QueuedJob): Promise<AuditJob> {
  if (!('zstd' in job)) {
    return job;
  }
  const rows = await decompress(Buffer.from(job.zstd, 'base64'));
  return { format: job.format, records: job.records, rows: rows.toString() };
}
