import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogWriter } from '@app/resilience';
import { FileLock } from '../file-lock.js';
import { AcknowledgedFile } from './acknowledged-file.js';
import { listSegments, readHeader, segmentFile, type SpoolPosition, writtenBytes } from './segment.js';
import { LOCK, SpoolFolder } from './spool-folder.js';
import { firstJson, MAX_LINE_BYTES } from './spool-line.js';

/** How one process's spool is, seen from outside. */
export interface SpoolStatus {
  name: string;
  /** Whether a living process ships it; an orphan waits for an API that takes it over. */
  owner: 'alive' | 'none' | 'unknown';
  /** Bytes that are not known to be in the table; undefined when they cannot be read. */
  waitingBytes: number | undefined;
  /** When the oldest of them was answered; undefined when there is none, or it cannot be read. */
  oldestAt: Date | undefined;
}

/** Looks at all spools under the root without touching them. */
export async function readSpoolStatus(root: string, log: LogWriter): Promise<SpoolStatus[]> {
  const names = (await unlessGone(readdir(root))) ?? [];
  const spools: SpoolStatus[] = [];
  for (const name of names.filter((each) => SpoolFolder.isName(each)).sort()) {
    try {
      const spool = await unlessGone(readOne(join(root, name), name, log));
      if (spool) spools.push(spool);
    } catch (error) {
      log.warning(`The spool "${name}" cannot be read: ${(error as Error).message}`);
      spools.push({ name, owner: 'unknown', waitingBytes: undefined, oldestAt: undefined });
    }
  }
  return spools;
}

/** Undefined for what is not there, or has just been removed by its process. */
async function unlessGone<T>(looking: Promise<T>): Promise<T | undefined> {
  try {
    return await looking;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function readOne(folder: string, name: string, log: LogWriter): Promise<SpoolStatus> {
  const settled = (await new AcknowledgedFile(folder, log).load()) ?? { segment: 0, offset: 0 };
  const segments = (await listSegments(folder)).filter((segment) => segment >= settled.segment);
  let waitingBytes = 0;
  let oldestAt: Date | undefined;
  for (const segment of segments) {
    const path = join(folder, segmentFile(segment));
    const waiting = await unlessGone(waitingIn(path, segment, settled));
    if (!waiting || waiting.bytes === 0) continue; // where it is gone, all of it is in the table
    waitingBytes += waiting.bytes;
    oldestAt ??= await unlessGone(instantAt(path, waiting.from));
  }
  return { name, owner: await ownerOf(folder), waitingBytes, oldestAt };
}

async function waitingIn(path: string, segment: number, settled: SpoolPosition) {
  const header = await readHeader(path);
  const from = segment === settled.segment ? Math.max(settled.offset, header.bytes) : header.bytes;
  return { from, bytes: Math.max(0, (await writtenBytes(path)) - from) };
}

async function instantAt(path: string, offset: number): Promise<Date | undefined> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_LINE_BYTES), 0, MAX_LINE_BYTES, offset);
    const json = firstJson(buffer.subarray(0, bytesRead));
    return json === undefined ? undefined : new Date((JSON.parse(json) as { created_at: string }).created_at);
  } finally {
    await file.close();
  }
}

/** A shared lock is to be had only where no process holds the folder. */
async function ownerOf(folder: string): Promise<SpoolStatus['owner']> {
  const path = join(folder, LOCK);
  try {
    await stat(path); // asking for the lock would make the file
    const lock = FileLock.try(path, 'shared');
    lock?.release();
    return lock ? 'none' : 'alive';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'none' : 'unknown';
  }
}
