import { BenchServer } from '../bench-server.js';
import { FALCON } from '../compare.js';
import { number, table, withSpread } from '../markdown.js';
import { atMost, type Verdict } from '../requirements.js';
import { type Spread, spreadOf } from '../summary.js';

const WARM_UP = 50;
const MOST_MS = 20;
/** As it ships, but that nothing is stored: everything has its metrics. */
export const SCRAPED_SETTINGS = { AUDIT_DURABILITY: 'off', INFERENCE_WORKERS: '1' };

/** What scrapes cost a server that does nothing else. */
export interface ScrapeCost {
  /** From the request to the end of the answer. */
  tookMs: Spread;
  cpuMs: number;
  bytes: number;
}

/** Asks a server for its metrics again and again. */
export async function scrapeCost(scrapes: number, logFolder: string): Promise<ScrapeCost> {
  const recipe = { ...FALCON, name: 'falcon-scraped', hasProbe: false, env: SCRAPED_SETTINGS };
  const server = await BenchServer.start(recipe, logFolder);
  try {
    for (let done = 0; done < WARM_UP; done += 1) await scrape(server.port);
    const before = server.usage();
    const answers: { tookMs: number; bytes: number }[] = [];
    for (let done = 0; done < scrapes; done += 1) answers.push(await scrape(server.port));
    const cpuMs = (server.usage().cpuMs - before.cpuMs) / scrapes;
    return { tookMs: spreadOf(answers.map(({ tookMs }) => tookMs)), cpuMs, bytes: answers.at(-1)?.bytes ?? 0 };
  } finally {
    await server.stop();
  }
}

async function scrape(port: number): Promise<{ tookMs: number; bytes: number }> {
  const startedMs = performance.now();
  const bytes = (await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).length;
  return { tookMs: performance.now() - startedMs, bytes };
}

/** Holds the cost against what is promised. */
export function judgeScrape({ tookMs }: Pick<ScrapeCost, 'tookMs'>): Verdict[] {
  return [atMost('one scrape of /metrics, median', tookMs.median, MOST_MS, 'ms')];
}

/** The cost as a table. */
export function renderScrape({ tookMs, cpuMs, bytes }: ScrapeCost): string {
  return table(
    ['a scrape of `/metrics`', ''],
    [
      ['time, ms (min..max)', withSpread(tookMs)],
      ['CPU, ms', number(cpuMs)],
      ['answer, KB', number(bytes / 1000)],
    ],
  );
}
