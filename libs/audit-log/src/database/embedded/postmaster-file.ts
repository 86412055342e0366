import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClusterFolder } from './cluster-folder.js';

/** The process id that the server noted in its data folder, undefined when it noted none. */
export function notedPid({ data }: ClusterFolder): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(join(data, 'postmaster.pid'), 'utf8'), 10);
    return pid > 0 ? pid : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whether the noted process is the server of this folder, and not one that got its number after it died. */
export function isServer({ data }: ClusterFolder, pid: number | undefined): pid is number {
  return pid !== undefined && ` ${commandOf(pid)} `.includes(` -D ${data} `);
}

/** Removes the note of a server that is gone: Postgres itself would take any process of that number for the server. */
export async function removeStaleNote(folder: ClusterFolder): Promise<void> {
  if (!isServer(folder, notedPid(folder))) await rm(join(folder.data, 'postmaster.pid'), { force: true });
}

/** The command line of a process, its parts divided by blanks; nothing when there is no such process. */
function commandOf(pid: number): string {
  try {
    if (!existsSync('/proc/self/cmdline'))
      return execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' });
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
