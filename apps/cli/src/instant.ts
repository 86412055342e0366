import { InvalidArgumentError } from 'commander';

const RELATIVE = /^(\d{1,6}) ?(s|m|h|d)( ago)?$/;
const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const ABSOLUTE = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)?)?$/;

/** An instant as operators write it: `15m`, `2h`, `7d ago`, or ISO 8601, which is UTC unless it names a zone. */
export function parseInstant(written: string, nowMs = Date.now()): Date {
  const [, count, unit] = RELATIVE.exec(written) ?? [];
  if (unit !== undefined) return new Date(nowMs - Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS]);
  const [isInstant, time, , , zone] = ABSOLUTE.exec(written) ?? [];
  const instant = new Date(time !== undefined && zone === undefined ? `${written}Z` : written);
  if (isInstant === undefined || Number.isNaN(instant.getTime()) || !isCalendarDay(written)) {
    throw new InvalidArgumentError('An instant is written 15m, 2h, 7d ago, 2026-11-20 or 2026-11-20T10:15:00Z.');
  }
  return instant;
}

/** An instant to come as operators write it: `30m` and `2h` are from now, anything else is as for `parseInstant`. */
export function parseDeadline(written: string, nowMs = Date.now()): Date {
  const [, count, unit, ago] = RELATIVE.exec(written) ?? [];
  return unit === undefined || ago !== undefined
    ? parseInstant(written, nowMs)
    : new Date(nowMs + Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS]);
}

/**
 * When something ends, as for `parseDeadline`.
 * @throws {InvalidArgumentError} also for what is over already
 */
export function parseExpiry(written: string, nowMs = Date.now()): Date {
  const instant = parseDeadline(written, nowMs);
  if (instant.getTime() <= nowMs) throw new InvalidArgumentError(`${instant.toISOString()} is over.`);
  return instant;
}

/** Whether what begins with a date begins with a day that there is: `Date` takes 30 February for 2 March. */
function isCalendarDay(written: string): boolean {
  const date = written.slice(0, 'YYYY-MM-DD'.length);
  const atMs = Date.parse(date);
  return !Number.isNaN(atMs) && new Date(atMs).toISOString().startsWith(date);
}
