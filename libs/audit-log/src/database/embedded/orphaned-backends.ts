import { readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { basename } from 'node:path';
import type { ClusterFolder } from './cluster-folder.js';

/**
 * Kills what is left of a server whose first process is gone (Linux only; elsewhere nothing is done). Backends notice that by
 * themselves, but one that waits for a lock of a backend that was killed waits for ever, and no server can start meanwhile.
 * The caller knows that no server runs in the folder. What was committed is in the write-ahead log.
 * @returns how many there were
 */
export function killOrphanedBackends({ data }: ClusterFolder): number {
  const orphans = backendsOf(data);
  for (const pid of orphans) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it has just noticed
    }
  }
  return orphans.length;
}

/** All processes of a server have its data folder as their working directory, as somebody's shell may, too. */
function backendsOf(data: string): number[] {
  if (process.platform !== 'linux') return [];
  const folder = realpathSync(data);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && linkOf(name, 'cwd') === folder && isPostgres(name))
    .map(Number);
}

/** A program that was replaced meanwhile, as by an update, is called "postgres (deleted)". */
function isPostgres(pid: string): boolean {
  return /^postgres( |$)/.test(basename(linkOf(pid, 'exe') ?? ''));
}

function linkOf(pid: string, name: 'cwd' | 'exe'): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/${name}`);
  } catch {
    return undefined; // it has ended, or is none of ours
  }
}
