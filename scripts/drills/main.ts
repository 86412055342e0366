import { Command, InvalidArgumentError, Option } from 'commander';
import { resolve } from 'node:path';
import { DRILLS, drillOf } from './catalogue.js';
import { ComposeStack } from './compose-stack.js';
import type { Drill } from './drill.js';
import { givenApiKey } from './environment.js';
import { watchFault } from './inject.js';
import { interruptible } from './interruptible.js';
import { ProcessStack } from './process-stack.js';
import { runDrill } from './run-drill.js';
import { RunbookPage } from './runbook-page.js';
import type { Stack } from './stack.js';
import { type DrillReport, reportTable } from './timeline.js';

interface Options {
  factor?: number;
  stack: 'processes' | 'compose';
}

/** Whoever gets to a server by way of containers is slower, and so are scrapes that are not to time out. */
const DEFAULT_FACTORS = { processes: 60, compose: 30 };
const LOG_FOLDER = resolve('.cache/drills');
const PAGE = RunbookPage.read(resolve('docs/RUNBOOK.md'));

async function main(): Promise<void> {
  const program = new Command('drills').description(
    'Faults that are injected into a running stack, noticed by an alert, and mended as docs/RUNBOOK.md says.',
  );
  program.command('list').description('what there is').action(list);
  withStack(program.command('run'))
    .description('run drills one after the other')
    .argument('<names...>', 'their names, or all')
    .action((names: string[], options: Options) => onStack(options, (stack, signal) => runAll(names, stack, signal)));
  withStack(program.command('inject'))
    .description('inject the fault of a drill, watch for a while, and mend it')
    .argument('<name>', 'its name')
    .option('--seconds <number>', 'how long to watch', positive, 20)
    .action((name: string, options: Options & { seconds: number }) =>
      onStack(options, (stack, signal) =>
        watchFault(drillOf(name), stack, { page: PAGE, say: console.log, signal }, options.seconds),
      ),
    );
  await program.parseAsync();
}

function withStack(command: Command): Command {
  return command
    .option(
      '--factor <number>',
      'how many times faster than the clock the time of alerts runs (60, with compose 30)',
      positive,
    )
    .addOption(
      new Option(
        '--stack <kind>',
        'a stack of processes of its own, or that of make up, with the key API_KEY if it needs one',
      )
        .choices(['processes', 'compose'])
        .default('processes'),
    );
}

function positive(written: string): number {
  if (!(Number(written) > 0)) throw new InvalidArgumentError('It is a number above 0.');
  return Number(written);
}

function list(): void {
  const width = Math.max(...DRILLS.map(({ name }) => name.length));
  for (const { name, fault, alert, section } of DRILLS) {
    console.log(`  make drill-${name.padEnd(width)}  ${fault}; alert ${alert}, docs/RUNBOOK.md#${section}`);
  }
}

async function onStack(options: Options, work: (stack: Stack, signal: AbortSignal) => Promise<void>): Promise<void> {
  const stack = await openStack(options);
  try {
    await interruptible((signal) => work(stack, signal));
  } finally {
    await stack.close();
  }
}

function openStack({ stack, factor = DEFAULT_FACTORS[stack] }: Options): Promise<Stack> {
  const preamble = PAGE.tagged('preamble');
  if (stack === 'compose') {
    return ComposeStack.open({ factor, words: `${preamble}\n${PAGE.tagged('compose')}`, ...givenApiKey() });
  }
  console.log(`starting a stack of processes; its logs are in ${LOG_FOLDER}`);
  return ProcessStack.start({ logFolder: LOG_FOLDER, factor, preamble });
}

async function runAll(names: readonly string[], stack: Stack, signal: AbortSignal): Promise<void> {
  const chosen = names.includes('all') ? DRILLS : names.map(drillOf);
  const reports: DrillReport[] = [];
  for (const drill of chosen) {
    if (drill.needsProcesses && !stack.isOwn)
      console.log(`drill-${drill.name}: left out, because it needs a stack of processes`);
    else reports.push(await named(drill, runDrill(drill, stack, { page: PAGE, say: console.log, signal })));
  }
  console.log(`\n${reportTable(reports)}`);
}

async function named<Result>({ name }: Drill, result: Promise<Result>): Promise<Result> {
  try {
    return await result;
  } catch (error) {
    throw new Error(`drill-${name}: ${(error as Error).message}`, { cause: error });
  }
}

main().then(
  () => process.exit(), // connections that are kept alive would hold it up
  (error: unknown) => {
    console.error(`drills: ${(error as Error).message}`);
    process.exit(1);
  },
);
