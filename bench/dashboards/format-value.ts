const SECONDS: [number, string][] = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
  [1, 's'],
  [1e-3, 'ms'],
  [1e-6, 'µs'],
];
const BYTES: [number, string][] = [
  [2 ** 30, 'GiB'],
  [2 ** 20, 'MiB'],
  [2 ** 10, 'KiB'],
  [1, 'B'],
];
const SUFFIXES: Record<string, string> = { reqps: ' req/s', ops: ' ops/s' };

/** A value with its unit, as Grafana names units. */
export function formatValue(value: number, unit = 'none'): string {
  if (!Number.isFinite(value)) return '–';
  if (unit === 'percentunit') return `${short(value * 100)} %`;
  if (unit === 's') return scaled(value, SECONDS);
  if (unit === 'bytes') return scaled(value, BYTES);
  const [divisor, suffix] = Math.abs(value) >= 10_000 ? [1000, ' K'] : [1, ''];
  return `${short(value / divisor)}${suffix}${SUFFIXES[unit] ?? ''}`;
}

function scaled(value: number, units: readonly [number, string][]): string {
  const [size, name] = units.find(([least]) => Math.abs(value) >= least) ?? units.find(([least]) => least === 1)!;
  return `${short(value / size)} ${name}`;
}

/** Three digits are enough to look at. */
function short(value: number): string {
  return String(Number(value.toPrecision(Math.abs(value) >= 100 ? 4 : 3)));
}
