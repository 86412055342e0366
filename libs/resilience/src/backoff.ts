/** How long to wait between attempts: doubling from the base up to the cap. */
export interface Backoff {
  baseMs: number;
  capMs: number;
}

/** The wait before attempt `attempt` (from 1), in whole milliseconds, times 0.5 to 1.5, so that those who wait do not come back all at once. */
export function jittered({ baseMs, capMs }: Backoff, attempt: number): number {
  const doublings = Math.min(attempt - 1, 30);
  return Math.round(Math.min(capMs, baseMs * 2 ** doublings) * (0.5 + Math.random()));
}
