import { Command, InvalidArgumentError } from 'commander';
import { existsSync } from 'node:fs';
import { auditCommand } from './audit/audit.command.js';
import { compare, type ComparisonPlan } from './compare.js';
import { atLeast, OUT_OPTION, positive } from './cli-options.js';
import { PLAIN_SETTINGS, callersSettings } from './config.js';
import { dashboardsCommand } from './dashboards/dashboards.command.js';
import type { TextChoice } from './load/load-job.js';
import type { Scenario } from './measurement.js';
import { capacityCommand } from './capacity/capacity.command.js';
import { endTogether } from './end-together.js';
import { enduranceCommand } from './endurance/endurance.command.js';
import { loadTestCommand } from './load-test/load-test.command.js';
import { judgeScrape, renderScrape, SCRAPED_SETTINGS, scrapeCost } from './metrics/scrape-cost.js';
import { probesCommand } from './probes.command.js';
import { renderScenarios } from './report.js';
import { report, say } from './reporting.js';
import { resilienceCommand } from './resilience/resilience.command.js';
import { roundPlan, type RoundOptions } from './rounds.js';
import { judgeSoak, LEAST_REQUESTS, renderSamples, soak } from './soak.js';

interface CompareOptions extends RoundOptions {
  connections: number[];
  texts: TextChoice[];
  out: string;
}

function planOf({ connections, texts, ...options }: CompareOptions): ComparisonPlan {
  const scenarios = texts.flatMap((choice) =>
    connections.map((count): Scenario => ({ texts: choice, connections: count })),
  );
  return { ...roundPlan(options), scenarios };
}

function textChoices(list: string): TextChoice[] {
  return list.split(',').map((choice) => {
    if (choice !== 'same' && choice !== 'different') throw new InvalidArgumentError('must be same, different or both');
    return choice;
  });
}

function runCompare(options: CompareOptions): Promise<void> {
  const plan = planOf(options);
  const { rounds, timing } = plan;
  const settings = { rounds, seconds: timing.durationMs / 1000, ...PLAIN_SETTINGS, ...callersSettings() };
  return report('compare', options, settings, async () => {
    const { scenarios, verdicts } = await compare(plan, options.out, say);
    return { found: scenarios, markdown: renderScenarios(scenarios), verdicts };
  });
}

function runSoak(options: { requests: number; out: string }): Promise<void> {
  return report('soak', options, { ...PLAIN_SETTINGS, ...callersSettings() }, async () => {
    const found = await soak(options.requests, options.out, ({ requests, rssMb, tensors }) => {
      say(`${requests} requests: ${rssMb.toFixed(1)} MB resident, ${tensors} tensors`);
    });
    return { found, markdown: renderSamples(found), verdicts: judgeSoak(found) };
  });
}

function runScrape(options: { scrapes: number; out: string }): Promise<void> {
  return report('scrape', options, { ...callersSettings(), ...SCRAPED_SETTINGS }, async () => {
    const found = await scrapeCost(options.scrapes, options.out);
    return { found, markdown: renderScrape(found), verdicts: judgeScrape(found) };
  });
}

async function main(): Promise<void> {
  if (!existsSync('/proc/self/task')) throw new Error('the bench reads CPU time and memory from /proc: it needs Linux');
  endTogether();
  const program = new Command('bench').description('Measures Falcon against its reference servers.');
  program
    .command('compare', { isDefault: true })
    .description(
      'throughput, latency, CPU and memory, as ratios to bare Fastify; exits with 1 when a promise is broken',
    )
    .option('--quick', 'one round of one second each: to see that it works, not to judge')
    .option('--rounds <number>', 'rounds per load', positive, 3)
    .option('--seconds <number>', 'counted time per measurement', positive, 3)
    .option('--patience <seconds>', 'how long each round waits at most for an otherwise idle machine', positive, 5)
    .option(
      '--connections <list>',
      'connection counts, with commas',
      (list) => list.split(',').map(positive),
      [1, 16, 64],
    )
    .option('--texts <list>', 'same, different or both, with a comma', textChoices, ['different', 'same'])
    .option(...OUT_OPTION)
    .action(runCompare);
  program
    .command('soak')
    .description('memory and tensors over many requests; exits with 1 when either grows')
    .option('--requests <number>', 'how many', atLeast(LEAST_REQUESTS), 1_000_000)
    .option(...OUT_OPTION)
    .action(runSoak);
  program
    .command('scrape')
    .description('time and CPU of a scrape of /metrics; exits with 1 when it takes too long')
    .option('--scrapes <number>', 'how many', positive, 300)
    .option(...OUT_OPTION)
    .action(runScrape);
  program.addCommand(capacityCommand());
  program.addCommand(loadTestCommand());
  program.addCommand(enduranceCommand());
  program.addCommand(auditCommand());
  program.addCommand(dashboardsCommand());
  program.addCommand(probesCommand());
  program.addCommand(resilienceCommand());
  await program.parseAsync();
}

main().catch((error: unknown) => {
  say(`bench: ${(error as Error).message}`);
  process.exitCode = 2;
});
