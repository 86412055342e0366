import { readFileSync } from 'node:fs';
import { processTree } from '../scripts/test-support/process-tree.js';

const TICKS_PER_SECOND = 100; // USER_HZ, the same on every Linux that Node runs on
const PAGE_KB = 4;

/** CPU time and resident memory of a process and all its descendants; of those that have ended, the CPU time. */
export interface ProcessUsage {
  cpuMs: number;
  rssMb: number;
}

/** Reads the usage of the process tree under `pid` from /proc (Linux only). */
export function readProcessUsage(pid: number): ProcessUsage {
  const tree = processTree(pid);
  return {
    cpuMs: tree.reduce((sum, id) => sum + cpuMs(id), 0),
    rssMb: tree.reduce((sum, id) => sum + rssMb(id), 0),
  };
}

/** CPU time of the first thread of a process, which is the one that serves. */
export function readServingCpuMs(pid: number): number {
  return ticksMs(`/proc/${pid}/task/${pid}/stat`, 2);
}

/** utime + stime, all threads of the process, ended ones included; cutime + cstime, the same of its children that have ended. */
function cpuMs(pid: number): number {
  return ticksMs(`/proc/${pid}/stat`, 4);
}

/** The first so many of utime, stime, cutime and cstime, together. */
function ticksMs(file: string, count: number): number {
  const stat = contentUnlessGone(file, '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // the name before it may hold spaces
  const ticks = fields.slice(11, 11 + count).reduce((sum, field) => sum + Number(field), 0);
  return (ticks * 1000) / TICKS_PER_SECOND;
}

function rssMb(pid: number): number {
  const pages = Number(contentUnlessGone(`/proc/${pid}/statm`, '0 0').split(' ')[1]);
  return (pages * PAGE_KB) / 1024;
}

/** A process of the tree may end while it is looked at, as the connections of a Postgres do. */
function contentUnlessGone(file: string, otherwise: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return otherwise;
    throw error;
  }
}
