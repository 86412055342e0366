import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AcknowledgedFile } from './acknowledged-file.js';
import { SegmentReader } from './segment-reader.js';
import { listSegments, readHeader, segmentFile } from './segment.js';
import { SpoolFolder } from './spool-folder.js';

const LIMITS = { maxRecords: 10_000, maxBytes: 1024 * 1024 };
const IGNORE = (): void => undefined;
const LOG = { debug: IGNORE, info: IGNORE, warning: IGNORE, error: IGNORE };

/** A spool as somebody sees it who is not its process. */
export interface SpoolState {
  /** Name of its folder. */
  name: string;
  /** Whether a living process owns or ships it; the others wait for the next API on this folder. */
  isInUse: boolean;
  /** Formats of its records; one that is newer than RECORD_FORMAT waits for a newer Falcon. */
  formats: number[];
  /** What is not acknowledged: in the table or not, but not known to be. */
  records: number;
  bytes: number;
  /** Lines that fail their checksum, in what is not acknowledged. */
  corruptLines: number;
  /** `created_at` of the oldest of the records. */
  oldestAt: string | undefined;
}

/** Looks at all spools under a root and changes no record. It reads them from end to end: about a second for each GiB. */
export async function inspectSpools(root: string): Promise<SpoolState[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const states: SpoolState[] = [];
  for (const entry of entries.filter((each) => each.isDirectory() && SpoolFolder.isName(each.name))) {
    const state = await inspect(join(root, entry.name), entry.name).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error; // drained and removed meanwhile
    });
    if (state) states.push(state);
  }
  return states;
}

async function inspect(folder: string, name: string): Promise<SpoolState | undefined> {
  const [ends, formats] = [new Map<number, number>(), new Set<number>()];
  for (const segment of await listSegments(folder)) {
    const path = join(folder, segmentFile(segment));
    ends.set(segment, (await stat(path)).size);
    formats.add((await readHeader(path)).format);
  }
  if (ends.size === 0) return undefined; // made this moment, or nearly removed: not to be locked, and of no interest
  const settled = (await new AcknowledgedFile(folder, LOG).load()) ?? { segment: 0, offset: 0 };
  const state = { name, isInUse: isInUse(folder), formats: [...formats] };
  return { ...state, ...(await count(folder, ends, settled)) };
}

async function count(
  folder: string,
  ends: Map<number, number>,
  settled: { segment: number; offset: number },
): Promise<Pick<SpoolState, 'records' | 'bytes' | 'corruptLines' | 'oldestAt'>> {
  const found = { records: 0, bytes: 0, corruptLines: 0, oldestAt: undefined as string | undefined };
  const onCorrupt = (lines: number): void => void (found.corruptLines += lines);
  const reader = new SegmentReader({ folder, ends, log: LOG, observer: { onCorrupt } }, settled);
  try {
    for (let read = await reader.read(LIMITS); read; read = await reader.read(LIMITS)) {
      found.oldestAt ??= read.oldestAt;
      found.records += read.records;
      found.bytes += read.end.offset - read.start.offset;
    }
  } finally {
    await reader.close();
  }
  return found;
}

function isInUse(folder: string): boolean {
  const taken = SpoolFolder.take(folder);
  taken?.release();
  return !taken;
}
