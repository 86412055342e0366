import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for so long, or until the signal comes; keeps the process alive only where that is wanted. */
export async function pause(ms: number, signal: AbortSignal, { keepsAlive = false } = {}): Promise<void> {
  await sleep(ms, undefined, { signal, ref: keepsAlive }).catch(() => undefined);
}
