import { Command, InvalidArgumentError } from 'commander';
import { OUT_OPTION, positive } from '../cli-options.js';
import { callersSettings, PLAIN_SETTINGS } from '../config.js';
import type { Findings } from '../report.js';
import { report, say } from '../reporting.js';
import { roundPlan } from '../rounds.js';
import { waitForQuiet } from '../machine-load.js';
import { AuditServices, type QueueKind, serviceSettings } from './audit-services.js';
import { cost } from './cost.js';
import { judgeCost, renderCost } from './cost-report.js';
import { drain, referenceRate } from './drain.js';
import { type BracketedDrain, judgeDrains, renderDrains } from './drain-report.js';

interface AuditOptions {
  quick?: boolean;
  records: number;
  queue: QueueKind[];
  rounds: number;
  seconds: number;
  patience: number;
  out: string;
}

const QUICK_RECORDS = 50_000;
/** A first, small drain makes the table. */
const FIRST_RECORDS = 1000;
/** The reference is steady long before. */
const MOST_REFERENCE_RECORDS = 1_000_000;

/** `bench audit`: what the audit log moves, and what it costs. */
export function auditCommand(): Command {
  const audit = new Command('audit').description('The audit log; exits with 1 when a promise is broken.');
  const parts = { drain: [drainPart], cost: [costPart], all: [costPart, drainPart] };
  const descriptions = {
    drain: 'a backlog on the spool into the table: rows per second against plain unnest, and memory',
    cost: 'throughput, p99 and CPU of a server that records its answers, as ratios to one that does not',
    all: 'both',
  };
  for (const name of ['drain', 'cost', 'all'] as const) {
    const command = audit
      .command(name, { isDefault: name === 'all' })
      .description(descriptions[name])
      .option('--quick', 'one short round: to see that it works, not to judge')
      .option('--rounds <number>', 'rounds of each part', positive, 3)
      .option('--patience <seconds>', 'how long each round waits at most for an otherwise idle machine', positive, 5)
      .option(...OUT_OPTION);
    if (name !== 'cost') {
      command
        .option('--records <number>', 'records of a backlog', positive, 300_000)
        .option('--queue <where>', 'redis, postgres or both', queueKinds, ['redis', 'postgres'] as QueueKind[]);
    }
    if (name !== 'drain') command.option('--seconds <number>', 'counted time per measurement', positive, 3);
    command.action((options: AuditOptions) => runParts(name, parts[name], options));
  }
  return audit;
}

function runParts(
  name: string,
  parts: ((options: AuditOptions) => Promise<Required<Findings>>)[],
  options: AuditOptions,
): Promise<void> {
  const { AUDIT_DURABILITY: _, ...plain } = PLAIN_SETTINGS;
  const rounds = options.quick ? 1 : options.rounds;
  const settings = { rounds, ...serviceSettings(), ...plain, ...callersSettings() };
  return report(`audit-${name}`, options, settings, async () => {
    const results: Required<Findings>[] = [];
    for (const part of parts) results.push(await part(options));
    return {
      found: results.map(({ found }) => found),
      markdown: results.map(({ markdown }) => markdown).join('\n\n'),
      verdicts: results.flatMap(({ verdicts }) => verdicts),
    };
  });
}

async function drainPart({ quick, queue, out, patience, ...options }: AuditOptions): Promise<Required<Findings>> {
  const [records, rounds] = quick ? [Math.min(QUICK_RECORDS, options.records), 1] : [options.records, options.rounds];
  const services = await AuditServices.start(out);
  const drains: BracketedDrain[] = [];
  try {
    await drain(services, 'redis', FIRST_RECORDS, out);
    const measureReference = () => referenceRate(services, Math.min(records, MOST_REFERENCE_RECORDS));
    let referenceBefore = await measureReference();
    for (let round = 0; round < rounds; round += 1) {
      for (const kind of queue) {
        await waitForQuiet(patience * 1000);
        const found = await drain(services, kind, records, out);
        const referenceAfter = await measureReference();
        drains.push({ queue: kind, drain: found, referenceBefore, referenceAfter });
        referenceBefore = referenceAfter;
        say(`drained ${records} through ${kind}: ${Math.round(found.rowsPerSecond)} rows/s`);
      }
    }
  } finally {
    await services.stop();
  }
  const markdown = `## Drain of ${records} records\n\n${renderDrains(drains)}`;
  return { found: { records, drains }, markdown, verdicts: judgeDrains(drains, records) };
}

async function costPart({ out, ...options }: AuditOptions): Promise<Required<Findings>> {
  const found = await cost(roundPlan(options), out, say);
  return { found, markdown: `## Cost in the request\n\n${renderCost(found)}`, verdicts: judgeCost(found) };
}

function queueKinds(where: string): QueueKind[] {
  if (where === 'both') return ['redis', 'postgres'];
  if (where === 'redis' || where === 'postgres') return [where];
  throw new InvalidArgumentError('must be redis, postgres or both');
}
