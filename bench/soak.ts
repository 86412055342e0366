import { setTimeout as sleep } from 'node:timers/promises';
import { BenchServer } from './bench-server.js';
import { FALCON } from './compare.js';
import { LoadGenerator } from './load/load-generator.js';
import { table } from './markdown.js';
import { readMetric } from './read-metric.js';
import { below, none, type Verdict } from './requirements.js';

const CONNECTIONS = 64;
const PARTS = 10;
/** A part has to have one: what is compared are the first and the last. */
export const LEAST_REQUESTS = PARTS;
const SETTLE_MS = 1000;

/** The state of the server at rest, after so many requests. */
export interface SoakSample {
  requests: number;
  rssMb: number;
  tensors: number;
}

/** Sends `requests` different texts in ten parts, and looks at memory and tensors after each. */
export async function soak(
  requests: number,
  logFolder: string,
  onSample: (sample: SoakSample) => void,
): Promise<SoakSample[]> {
  const server = await BenchServer.start(FALCON, logFolder);
  const generator = new LoadGenerator(); // not before: a process that nobody ends would keep a failed bench running
  const samples: SoakSample[] = [];
  try {
    for (const [index, part] of partsOf(requests).entries()) {
      const job = { port: server.port, path: '/infer', texts: 'different' as const, seed: index + 1 };
      await generator.run({ ...job, connections: CONNECTIONS, warmupMs: 0, until: { requests: part } });
      await sleep(SETTLE_MS);
      const sample = {
        requests: (samples.at(-1)?.requests ?? 0) + part,
        rssMb: server.usage().rssMb,
        tensors: await readMetric(server.port, 'inference_tensors'),
      };
      samples.push(sample);
      onSample(sample);
    }
  } finally {
    generator.stop();
    await server.stop();
  }
  return samples;
}

/** How many requests each of ten parts has, all of them together. */
export function partsOf(requests: number): number[] {
  const upTo = (part: number) => Math.round((requests * part) / PARTS);
  return Array.from({ length: PARTS }, (_, part) => upTo(part + 1) - upTo(part));
}

/** Memory may grow by less than 5 % after the first tenth, and no tensor may be left behind. */
export function judgeSoak(samples: readonly SoakSample[]): Verdict[] {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last) return [];
  const growthPercent = (last.rssMb / first.rssMb - 1) * 100;
  const leaked = Math.max(...samples.map(({ tensors }) => Math.abs(tensors - first.tensors)));
  const load = `${last.requests} requests, after the first ${first.requests}`;
  return [
    below(`${load}: growth of resident memory`, growthPercent, 5, '%'),
    none(`${load}: change of the tensor count`, leaked, 'tensors'),
  ];
}

/** The samples as a Markdown table. */
export function renderSamples(samples: readonly SoakSample[]): string {
  const rows = samples.map(({ requests, rssMb, tensors }) => [requests, rssMb.toFixed(1), tensors]);
  return table(['requests', 'resident MB', 'tensors'], rows);
}
