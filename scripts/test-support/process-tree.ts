import { readdirSync, readFileSync } from 'node:fs';

/** A process and all that it has started, parents before their children (Linux only). */
export function processTree(root: number): number[] {
  const children = Map.groupBy(runningProcesses(), ({ parent }) => parent);
  const tree = [root];
  for (const each of tree) tree.push(...(children.get(each) ?? []).map(({ pid }) => pid));
  return tree;
}

/** What a process has started itself and has not ended (Linux only). */
export function childrenOf(root: number): number[] {
  return runningProcesses().flatMap(({ pid, parent }) => (parent === root ? [pid] : []));
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
