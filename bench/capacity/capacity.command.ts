import { mkdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { OUT_OPTION, positive } from '../cli-options.js';
import { callersSettings } from '../config.js';
import { renderContext } from '../report.js';
import { commit, machine, save, say } from '../reporting.js';
import { renderFigures, renderPlans } from './capacity-report.js';
import type { Figures } from './figures.js';
import { measureFigures } from './measure-figures.js';
import { DEFAULT_DEMAND, planOf, type Demand } from './plan.js';

interface PlanOptions extends Omit<Demand, 'requestsPerSecond'> {
  requests: number[];
  figures?: Figures;
}

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
  for (const [name, value] of Object.entries(DEFAULT_DEMAND)) {
    plan.option(`--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} <number>`, '', Number, value);
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

async function measure({ seconds, out }: { seconds: number; out: string }): Promise<void> {
  mkdirSync(out, { recursive: true });
  const startedAt = new Date().toISOString();
  const figures = await measureFigures(seconds, out, say);
  const context = { startedAt, machine: machine(), settings: { commit: commit(), ...callersSettings() } };
  save(out, `capacity-${startedAt.slice(0, 19).replaceAll(':', '')}`, {
    json: figures,
    markdown: [renderContext(context), renderFigures(figures)].join('\n\n'),
  });
}

function readFigures(file: string): Figures {
  return JSON.parse(readFileSync(file, 'utf8')) as Figures;
}

function numbers(list: string): number[] {
  const values = list.split(',').map(Number);
  if (values.some((value) => !(value > 0))) throw new InvalidArgumentError('must be numbers above 0, with commas');
  return values;
}
