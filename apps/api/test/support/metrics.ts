import { setTimeout as sleep } from 'node:timers/promises';
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

/** Waits until a series is as wanted, and gives its value. */
export async function waitForSeries(
  client: Client,
  series: string,
  isWanted: (value: number) => boolean,
  timeoutMs = 30_000,
): Promise<number> {
  const giveUpMs = performance.now() + timeoutMs;
  for (;;) {
    const value = (await scrape(client)).get(series);
    if (value !== undefined && isWanted(value)) {
      return value;
    }
    if (performance.now() > giveUpMs) {
      throw new Error(`${series} is ${value} after ${timeoutMs} ms.`);
    }
    await sleep(100);
  }
}
