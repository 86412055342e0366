import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { OUT_OPTION, positive } from '../cli-options.js';
import { callersSettings } from '../config.js';
import { report, say } from '../reporting.js';
import { renderFigures, renderPlans } from './capacity-report.js';
import type { Figures } from './figures.js';
import { measureFigures } from './measure-figures.js';
import { DEFAULT_DEMAND, planOf, type Demand } from './plan.js';

interface PlanOptions extends Omit<Demand, 'requestsPerSecond'> {
  requests: number[];
  figures?: Figures;
}

/** What may be asked of a deployment besides the requests, and how much of it. */
const QUESTIONS: Record<keyof typeof DEFAULT_DEMAND, { what: string; most: number; mayBeNone?: true }> = {
  meanShare: { what: 'mean over the month, as a share of the busiest hour', most: 1 },
  hitShare: { what: 'share of the requests whose answer is in the cache', most: 1, mayBeNone: true },
  utilisation: { what: 'how busy anything is to be at the busiest hour', most: 1 },
  coresPerReplica: { what: 'cores of a server', most: 1024 },
  cacheTtlSeconds: { what: 'time that an answer is cached', most: 1e9 },
  retentionDays: { what: 'days that a row is kept', most: 1e6 },
  rowsPerSecondPerDatabase: { what: 'what one Postgres takes in at most', most: 1e9 },
  terabytesPerDatabase: { what: 'what one Postgres is to keep at most', most: 1e6 },
};

/** The figures that docs/CAPACITY_PLAN.md is worked out with. */
export function documentedFigures(): Figures {
  return readFigures(resolve('bench/capacity/figures.json'));
}

/** `bench capacity`: what a request, a row and a key cost, and what a deployment needs. */
export function capacityCommand(): Command {
  const capacity = new Command('capacity').description('what a deployment needs: docs/CAPACITY_PLAN.md');
  const plan = capacity
    .command('plan', { isDefault: true })
    .description('servers, cores, memory, Redis, Postgres and network for so many requests')
    .option('--requests <list>', 'requests a second at the busiest hour, with commas', numbers, [1000, 10_000, 100_000])
    .option(
      '--figures <file>',
      'JSON of a "bench capacity measure"; without it those of docs/CAPACITY_PLAN.md',
      readFigures,
    );
  for (const [name, { what, ...bounds }] of Object.entries(QUESTIONS)) {
    const flag = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    plan.option(`--${flag} <number>`, what, within(bounds), DEFAULT_DEMAND[name as keyof typeof QUESTIONS]);
  }
  plan.action(({ requests, figures = documentedFigures(), ...demand }: PlanOptions) => {
    const demands = requests.map((requestsPerSecond) => ({ ...demand, requestsPerSecond }));
    process.stdout.write(`${renderPlans(demands.map((one) => ({ demand: one, plan: planOf(one, figures) })))}\n`);
  });
  capacity
    .command('measure')
    .description('the figures: CPU time and bytes of a request, a row, a record and a key; about a minute')
    .option('--seconds <number>', 'length of each load', positive, 10)
    .option(...OUT_OPTION)
    .action(measure);
  return capacity;
}

function measure({ seconds, out }: { seconds: number; out: string }): Promise<void> {
  return report('capacity', { out }, callersSettings(), async () => {
    const found = await measureFigures(seconds, out, say);
    return { found, markdown: renderFigures(found) };
  });
}

/** Of a result, or figures alone. */
function readFigures(file: string): Figures {
  const read = JSON.parse(readFileSync(file, 'utf8')) as Figures | { found: Figures };
  return 'found' in read ? read.found : read;
}

function within({ most, mayBeNone }: { most: number; mayBeNone?: true }): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value > 0 || (mayBeNone && value === 0)) || value > most) {
      throw new InvalidArgumentError(`must be a number ${mayBeNone ? 'from' : 'above'} 0, up to ${most}`);
    }
    return value;
  };
}

function numbers(list: string): number[] {
  const values = list.split(',').map(Number);
  if (values.some((value) => !(value > 0))) throw new InvalidArgumentError('must be numbers above 0, with commas');
  return values;
}
