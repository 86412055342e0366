import { readFileSync, readdirSync } from 'node:fs';

const TICKS_PER_SECOND = 100; // USER_HZ, the same on every Linux that Node runs on
const PAGE_KB = 4;

/** CPU time and resident memory of a process and all its descendants. */
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

function processTree(pid: number): number[] {
  const threads = readdirSync(`/proc/${pid}/task`);
  const children = threads.flatMap((thread) => {
    return readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  });
  return [pid, ...children.flatMap(processTree)];
}

/** utime + stime: all threads of the process, ended ones included. */
function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // the name before it may hold spaces
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}

function rssMb(pid: number): number {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
  return (pages * PAGE_KB) / 1024;
}
