import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

const children = new Map<ChildProcess, NodeJS.Signals>();

// A test that fails half-way leaves its processes behind; nothing may outlive the file. Bench and drills have no such hook.
globalThis.afterAll?.(() => children.forEach((signal, child) => child.kill(signal)));

/** Has a process ended at the end of the test file that has started it, if it still runs then. */
export function endWithTheFile(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): void {
  children.set(child, signal);
  child.once('close', () => children.delete(child));
}

/** Whether a process has been started and has not ended. */
export function isRunning(child: ChildProcess | undefined): child is ChildProcess {
  return child?.exitCode === null && child.signalCode === null;
}

/** Ends a process, if it runs, and waits for that: with 'close' until all of its output has been read, too. */
export async function end(
  child: ChildProcess | undefined,
  signal: NodeJS.Signals,
  event: 'exit' | 'close' = 'exit',
): Promise<void> {
  if (!isRunning(child)) return;
  const ended = once(child, event);
  child.kill(signal);
  await ended;
}
