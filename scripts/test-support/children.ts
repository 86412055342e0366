import type { ChildProcess } from 'node:child_process';

const children = new Map<ChildProcess, NodeJS.Signals>();

// A test that fails half-way leaves its processes behind; nothing may outlive the file. Bench and drills have no such hook.
globalThis.afterAll?.(() => children.forEach((signal, child) => child.kill(signal)));

/** Has a process ended at the end of the test file that has started it, if it still runs then. */
export function endWithTheFile(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): void {
  children.set(child, signal);
  child.once('close', () => children.delete(child));
}
