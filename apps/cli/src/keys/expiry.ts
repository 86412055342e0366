import { InvalidArgumentError } from 'commander';
import { isCalendarDay } from '../calendar-day.js';

const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 };
const FROM_NOW = /^(\d{1,5})([mhd])$/;
const INSTANT = /^\d{4}-\d\d-\d\d(T[\d:.]+Z)?$/;

/**
 * When a key ends: `90d`, `12h` or `30m` from now, or a day or an instant in UTC.
 * @throws {InvalidArgumentError} also for what is over already
 */
export function parseExpiry(written: string, _previous?: unknown, nowMs = Date.now()): Date {
  const [, count, unit] = FROM_NOW.exec(written) ?? [];
  const instant =
    count === undefined
      ? new Date(INSTANT.test(written) && isCalendarDay(written) ? written : NaN)
      : new Date(nowMs + Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS]);
  if (Number.isNaN(instant.getTime())) {
    throw new InvalidArgumentError('Write 90d, 12h, 30m, 2027-01-31 or 2027-01-31T12:00:00Z.');
  }
  if (instant.getTime() <= nowMs) {
    throw new InvalidArgumentError(`${instant.toISOString()} is over.`);
  }
  return instant;
}
