import { readFileSync, readdirSync } from 'node:fs';

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

/** A process, its children, and theirs. */
export function processTree(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap(processTree)];
}

/** What a process has started and has not ended. */
export function childrenOf(pid: number): number[] {
  const threads = unlessGone(() => readdirSync(`/proc/${pid}/task`), []);
  return threads.flatMap((thread) => {
    const list = unlessGone(() => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8'), '');
    return list.split(' ').filter(Boolean).map(Number);
  });
}

/** utime + stime, all threads of the process, ended ones included; cutime + cstime, the same of its children that have ended. */
function cpuMs(pid: number): number {
  return ticksMs(`/proc/${pid}/stat`, 4);
}

/** The first so many of utime, stime, cutime and cstime, together. */
function ticksMs(file: string, count: number): number {
  const stat = unlessGone(() => readFileSync(file, 'utf8'), '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // the name before it may hold spaces
  const ticks = fields.slice(11, 11 + count).reduce((sum, field) => sum + Number(field), 0);
  return (ticks * 1000) / TICKS_PER_SECOND;
}

function rssMb(pid: number): number {
  const pages = Number(unlessGone(() => readFileSync(`/proc/${pid}/statm`, 'utf8'), '0 0').split(' ')[1]);
  return (pages * PAGE_KB) / 1024;
}

/** A process of the tree may end while it is looked at, as the connections of a Postgres do. */
function unlessGone<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return otherwise;
    throw error;
  }
}
