import { readdirSync, readFileSync } from 'node:fs';

/** A process and all that it has started, children first after their parents (Linux only). */
export function processTree(pid: number): number[] {
  const childrenOf = Map.groupBy(runningProcesses(), ({ parent }) => parent);
  const tree = [pid];
  for (const each of tree) {
    tree.push(...(childrenOf.get(each) ?? []).map((child) => child.pid));
  }
  return tree;
}

/** Sends a signal to processes; those that have ended by themselves are no matter. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') {
        throw error;
      }
    }
  }
}

function runningProcesses(): { pid: number; parent: number }[] {
  return readdirSync('/proc').flatMap((name) => {
    const parent = /^\d+$/.test(name) ? parentOf(name) : undefined;
    return parent === undefined ? [] : [{ pid: Number(name), parent }];
  });
}

function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8'); // pid (name) state parent ...; the name may hold anything
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined; // it has ended meanwhile
  }
}
