import { number, table, withSpread } from '../markdown.js';
import { atLeast, atMost, type Verdict } from '../requirements.js';
import { type Spread, spreadOf } from '../summary.js';
import type { QueueKind } from './audit-services.js';
import type { Drain, DrainSample } from './drain.js';

/** A drain, and what the reference wrote just before and just after it. */
export interface BracketedDrain {
  queue: QueueKind;
  drain: Drain;
  referenceBefore: number;
  referenceAfter: number;
}

const LIMITS = {
  redis: { name: 'Redis', rowsPerSecond: 25_000 },
  postgres: { name: 'Postgres', rowsPerSecond: 12_000 },
} as const;
const REFERENCE_SHARE = 0.5;
const GROWTH_PERCENT = 10;
/** A shorter drain is over before heaps have their size. */
const FEWEST_FOR_MEMORY = 1_000_000;

/** Holds the drains against what is promised; each figure is the median over the rounds. */
export function judgeDrains(drains: readonly BracketedDrain[], records: number): Verdict[] {
  const kinds = [...new Set(drains.map(({ queue }) => queue))];
  return kinds.flatMap((queue) => {
    const own = drains.filter((each) => each.queue === queue);
    const { name, rowsPerSecond } = LIMITS[queue];
    const what = `drain of ${records} with the queue on ${name}`;
    return [
      atLeast(what, spreadOf(own.map(({ drain }) => drain.rowsPerSecond)).median, rowsPerSecond, 'rows/s'),
      ...(queue === 'redis' ? [atLeast(`${what}, to plain unnest`, ratioOf(own).median, REFERENCE_SHARE)] : []),
      ...(records >= FEWEST_FOR_MEMORY ? judgeMemory(what, own) : []),
    ];
  });
}

function judgeMemory(what: string, drains: readonly BracketedDrain[]): Verdict[] {
  const members = { api: 'apiRssMb', worker: 'workerRssMb' } as const;
  return Object.entries(members).map(([process, member]) => {
    const growth = Math.max(...drains.map(({ drain }) => growthPercent(drain.samples, member)));
    return atMost(`${what}: growth of the ${process}'s memory after the first 20 %`, growth, GROWTH_PERCENT, '%');
  });
}

/** From the first three tenths that count to the last three; single samples swing with the garbage collector. */
export function growthPercent(samples: readonly DrainSample[], member: Exclude<keyof DrainSample, 'progress'>): number {
  const medianBetween = (from: number, to: number) =>
    spreadOf(samples.filter(({ progress }) => progress >= from && progress <= to).map((sample) => sample[member]))
      .median;
  return (medianBetween(0.7, 1) / medianBetween(0.2, 0.5) - 1) * 100;
}

function ratioOf(drains: readonly BracketedDrain[]): Spread {
  return spreadOf(
    drains.map(
      ({ drain, referenceBefore, referenceAfter }) => drain.rowsPerSecond / ((referenceBefore + referenceAfter) / 2),
    ),
  );
}

const DRAIN_HEAD =
  'queue on | rows/s (min..max) | to plain unnest (min..max) | /healthz p99 ms (most) | CPU us/row: api | worker | Postgres | Redis | other cores';
const MEMORY_HEAD = 'queue on | drained | api MB | worker MB | Postgres MB | Redis MB';

/** All drains as tables. */
export function renderDrains(drains: readonly BracketedDrain[]): string {
  const kinds = [...new Set(drains.map(({ queue }) => queue))];
  const references = spreadOf(
    drains.flatMap(({ referenceBefore, referenceAfter }) => [referenceBefore, referenceAfter]),
  );
  return [
    `Plain batched unnest from one process with four connections: ${withSpread(references)} rows/s.`,
    table(
      DRAIN_HEAD.split(' | '),
      kinds.map((queue) => drainRow(drains.filter((each) => each.queue === queue))),
    ),
    'Resident memory during the last drain of each kind:',
    table(
      MEMORY_HEAD.split(' | '),
      kinds.flatMap((queue) => memoryRows(queue, drains)),
    ),
  ].join('\n\n');
}

function drainRow(drains: readonly BracketedDrain[]): string[] {
  const over = (figure: (drain: Drain) => number) => spreadOf(drains.map(({ drain }) => figure(drain)));
  const cpu = (['api', 'worker', 'postgres', 'redis'] as const).map((name) =>
    number(over(({ cpuUs }) => cpuUs[name]).median),
  );
  return [
    LIMITS[drains[0]!.queue].name,
    withSpread(over(({ rowsPerSecond }) => rowsPerSecond)),
    withSpread(ratioOf(drains)),
    `${number(over(({ healthP99Ms }) => healthP99Ms).median)} (${number(over(({ healthMaxMs }) => healthMaxMs).max)})`,
    ...cpu,
    number(Math.max(0, over(({ otherCores }) => otherCores).max)),
  ];
}

function memoryRows(queue: QueueKind, drains: readonly BracketedDrain[]): string[][] {
  const samples = drains.findLast((each) => each.queue === queue)!.drain.samples;
  return Array.from({ length: 10 }, (_, tenth) => {
    const sample = samples.find(({ progress }) => progress >= (tenth + 1) / 10)!;
    const figures = [sample.apiRssMb, sample.workerRssMb, sample.postgresRssMb, sample.redisRssMb].map(number);
    return [LIMITS[queue].name, `${(tenth + 1) * 10} %`, ...figures];
  });
}
