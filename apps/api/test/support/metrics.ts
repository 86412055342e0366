import { until } from '../../../../scripts/test-support/until.js';
import type { Client } from './client.js';

/** All samples of /metrics, by series without the worker's label. */
export async function scrape(client: Client): Promise<Map<string, number>> {
  const { text } = await client.get('/metrics');
  const lines = text.matchAll(/^(\w+)(?:\{([^}]*)\})? (\S+)$/gm);
  return new Map(
    [...lines].map(([, name = '', labels = '', value]) => {
      const kept = labels.split(/,(?=\w+=")/).filter((label) => label !== '' && !label.startsWith('worker_id='));
      return [kept.length > 0 ? `${name}{${kept.join(',')}}` : name, Number(value)];
    }),
  );
}

/** Waits until a series is as wanted. */
export async function waitForSeries(
  client: Client,
  series: string,
  isWanted: (value: number) => boolean,
  timeoutMs = 30_000,
): Promise<void> {
  let value: number | undefined;
  const isSo = async () => {
    value = (await scrape(client)).get(series);
    return value !== undefined && isWanted(value);
  };
  await until(isSo, { timeoutMs, pollMs: 100, complaint: () => `${series} is ${value} after ${timeoutMs} ms.` });
}
