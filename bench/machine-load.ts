import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const TICKS_PER_SECOND = 100;
/** Below this many busy cores the rest of the machine does not disturb a measurement. */
const QUIET_CORES = 0.15;

/** CPU time that the whole machine has spent on anything, stolen time included. */
export function machineCpuMs(): number {
  const [, ...fields] = (readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '').split(/\s+/);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = fields.map(Number);
  return ((user + nice + system + irq + softirq + steal) * 1000) / TICKS_PER_SECOND;
}

/** Resolves when the machine has been quiet for a second, or after `patienceMs`; the compared servers must be idle. */
export async function waitForQuiet(patienceMs: number): Promise<void> {
  const deadlineMs = performance.now() + patienceMs;
  while (performance.now() < deadlineMs) {
    const [beforeMs, startedMs] = [machineCpuMs(), performance.now()];
    await sleep(1000);
    if ((machineCpuMs() - beforeMs) / (performance.now() - startedMs) < QUIET_CORES) return;
  }
}
