import { z } from 'zod';

/** The last instant that a Date can be; another program may have written the switch. */
const MAX_TIME_MS = 8.64e15;
const instantMs = z.number().min(-MAX_TIME_MS).max(MAX_TIME_MS);

const switchSchema = z.object({
  on: z.boolean(),
  sinceMs: instantMs,
  untilMs: instantMs.optional(),
  reason: z.string().optional(),
});

/** How a switch stands: since when, for how long, and why. Times are milliseconds since 1970. */
export type MaintenanceSwitch = z.output<typeof switchSchema>;

/** Whom a switch is for: this process, or all that share a Redis. */
export type MaintenanceScope = 'replica' | 'all';

/** Whether a switch is on, and its time is not over. */
export function isOn(value: MaintenanceSwitch | undefined, nowMs: number): value is MaintenanceSwitch {
  return value?.on === true && (value.untilMs === undefined || value.untilMs > nowMs);
}

/** A switch as it was stored. @throws {Error} when it is none */
export function parseSwitch(stored: string): MaintenanceSwitch {
  return switchSchema.parse(JSON.parse(stored));
}
