import { Command, InvalidArgumentError, Option } from 'commander';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { POSTGRES_SETTINGS } from '../servers/postgres-server.js';
import { OUT_OPTION, positive } from '../cli-options.js';
import { callersSettings } from '../config.js';
import { waitForQuiet } from '../machine-load.js';
import type { Findings } from '../report.js';
import { report, say } from '../reporting.js';
import { roundPlan } from '../rounds.js';
import { goodputCurves } from './goodput.js';
import { drawGoodput, renderGoodput } from './goodput-report.js';
import { describeWork, WORKS } from './heavy-load.js';
import { overload } from './overload.js';
import { judgeOverload, renderOverload } from './overload-report.js';
import { paths } from './paths.js';
import { judgePaths, renderPaths } from './paths-report.js';
import { judgePolicy, policyCost, renderPolicy } from './policy-cost.js';
import { EVERYTHING_ON } from './production.js';
import { judgeTenants, renderTenants, tenantCosts } from './tenants.js';

interface ResilienceOptions {
  quick?: boolean;
  rounds: number;
  seconds: number;
  times: number;
  work: keyof typeof WORKS;
  patience: number;
  chart?: string;
  out: string;
}

const GOODPUT_TIMES = [0.5, 0.75, 1, 1.5, 2, 3, 4, 5, 7, 10];
const QUICK_GOODPUT_TIMES = [0.5, 1, 3, 10];

/** `bench resilience`: what it costs that everything is on, and what it is good for. */
export function resilienceCommand(): Command {
  const resilience = new Command('resilience').description(
    'Everything on: speed, and overload; exits with 1 when a promise is broken.',
  );
  const part = (name: string, description: string, run: (options: ResilienceOptions) => Promise<Findings>) =>
    resilience
      .command(name)
      .description(description)
      .option('--quick', 'short: to see that it works, not to judge')
      .option('--patience <seconds>', 'how long to wait at most for an otherwise idle machine', positive, 5)
      .option(...OUT_OPTION)
      .action((options: ResilienceOptions) => {
        const settings = { ...POSTGRES_SETTINGS, ...EVERYTHING_ON, ...callersSettings() };
        return report(`resilience-${name}`, options, settings, () => run(options));
      });
  part('paths', 'throughput on a cache hit and on a miss with everything on, as ratios to bare Fastify', pathsPart)
    .option('--rounds <number>', 'rounds of each part', positive, 3)
    .option('--seconds <number>', 'counted time per measurement', positive, 3);
  part('policy', 'CPU time of one call through a policy with all its parts', policyPart).option(
    '--rounds <number>',
    'rounds',
    positive,
    9,
  );
  part('tenants', 'CPU time and memory of a rate-limit decision with 10 tenants and with 100,000', tenantsPart).option(
    '--rounds <number>',
    'rounds',
    positive,
    3,
  );
  part('overload', 'far more requests than the server can do, a tenth of them critical', overloadPart)
    .option('--rounds <number>', 'overloads, each between two measurements of what the server can do', positive, 3)
    .option('--seconds <number>', 'length of an overload', positive, 60)
    .option('--times <number>', 'offered load, as a multiple of what the server can do', positive, 5)
    .addOption(workOption());
  part('goodput', 'answers in time against offered load, Falcon and the naive server, as a chart', goodputPart)
    .option('--seconds <number>', 'length of each load', positive, 8)
    .option('--chart <file>', 'where the chart goes, too', svgFile)
    .addOption(workOption());
  return resilience;
}

function workOption(): Option {
  return new Option('--work <kind>', 'whether the model or all that surrounds it is short')
    .choices(Object.keys(WORKS))
    .default('slow');
}

async function pathsPart({ out, ...options }: ResilienceOptions): Promise<Findings> {
  const found = await paths(roundPlan(options), out, say);
  return { found, markdown: `## Everything on\n\n${renderPaths(found)}`, verdicts: judgePaths(found) };
}

async function policyPart({ quick, rounds, patience }: ResilienceOptions): Promise<Findings> {
  await waitForQuiet(patience * 1000);
  const found = await policyCost(quick ? { rounds: 3, calls: 50_000 } : { rounds, calls: 300_000 });
  return { found, markdown: `## One call through a policy\n\n${renderPolicy(found)}`, verdicts: judgePolicy(found) };
}

async function tenantsPart({ quick, rounds, patience, out }: ResilienceOptions): Promise<Findings> {
  await waitForQuiet(patience * 1000);
  const found = await tenantCosts(quick ? { rounds: 1, decisions: 50_000 } : { rounds, decisions: 200_000 }, out);
  return { found, markdown: `## Many tenants\n\n${renderTenants(found)}`, verdicts: judgeTenants(found) };
}

async function overloadPart({ out, times, ...options }: ResilienceOptions): Promise<Findings> {
  const work = WORKS[options.work];
  const { rounds, patienceMs, heatUpMs } = roundPlan(options);
  const durations = options.quick
    ? { loadMs: 5000, unloadedMs: 3000, afterwardsMs: 6000, closedMs: 1000 }
    : { loadMs: options.seconds * 1000, unloadedMs: 30_000, afterwardsMs: 10_000, closedMs: 4000 };
  const found = await overload({ work, times, rounds, patienceMs, heatUpMs, ...durations }, out, say);
  const heading = `## ${times} times the capacity, ${describeWork(work)}`;
  return { found, markdown: `${heading}\n\n${renderOverload(found)}`, verdicts: judgeOverload(found) };
}

async function goodputPart({ quick, seconds, patience, chart, out, ...chosen }: ResilienceOptions): Promise<Findings> {
  const work = WORKS[chosen.work];
  const times = quick ? QUICK_GOODPUT_TIMES : GOODPUT_TIMES;
  const durations = quick
    ? { pointMs: 2000, closedMs: 1000, heatUpMs: 1000 }
    : { pointMs: seconds * 1000, closedMs: 3000, heatUpMs: 3000 };
  const found = await goodputCurves({ work, times, ...durations, patienceMs: patience * 1000 }, out, say);
  for (const file of [join(out, 'goodput.svg'), ...(chart === undefined ? [] : [chart])]) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, drawGoodput(found));
  }
  const heading = `## Goodput, ${describeWork(work)}`;
  return { found, markdown: `${heading}\n\n${renderGoodput(found)}` };
}

function svgFile(name: string): string {
  if (!name.endsWith('.svg')) throw new InvalidArgumentError('must be the name of an .svg file');
  return name;
}
