const DURATION = /(\d+)(ms|s|m|h|d|w)/g;
const UNITS_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
/** Gauges that count real seconds, so that their thresholds are times, too. */
const AGES = ['audit_lag_seconds'];

/**
 * The same alerts in a world whose time runs so many times faster: `for`, ranges and intervals are shorter by the factor, and ages
 * count for as much more. What counts per second, and what a request takes, stays as it is.
 */
export function fasterRules(rules: string, factor: number): string {
  return rules
    .replaceAll(/^(\s*(?:- )?(?:for|interval|keep_firing_for): *)(\S+)/gm, (_, key: string, duration: string) => {
      return key + faster(duration, factor);
    })
    .replaceAll(/\[([\dsmhdw]+)(:[\dsmhdw]*)?\]/g, (_, range: string, step = '') => {
      return `[${faster(range, factor)}${faster(step as string, factor)}]`;
    })
    .replaceAll(new RegExp(`\\b(?:${AGES.join('|')})(?:\\{[^}]*\\})?(?![\\w[])`, 'g'), (age) => `(${age} * ${factor})`);
}

function faster(durations: string, factor: number): string {
  if (durations === '' || durations === ':') return durations;
  let ms = 0;
  for (const [, count, unit = ''] of durations.matchAll(DURATION)) ms += Number(count) * UNITS_MS[unit]!;
  return `${durations.startsWith(':') ? ':' : ''}${Math.max(1, Math.round(ms / factor))}ms`;
}
