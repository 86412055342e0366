import type { Registry } from 'prom-client';

/** Every series that is not 0, buckets of histograms left out. */
export async function moved(registry: Registry): Promise<Record<string, number>> {
  const text = await registry.metrics();
  const series: [string, number][] = [...text.matchAll(/^(\w+)(\{[^}]*\})? ([\d.e+-]+)$/gm)]
    .filter(([line]) => !line.includes('_bucket'))
    .map(([, name = '', labels = '', value]) => [name + labels, Number(value)]);
  return Object.fromEntries(series.filter(([, value]) => value !== 0));
}
