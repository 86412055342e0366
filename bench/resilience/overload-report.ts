import { type OpenCounts, SLICE_MS } from '../load/open-job.js';
import { number, table } from '../markdown.js';
import { atLeast, atMost, type Verdict } from '../requirements.js';
import { spreadOf } from '../summary.js';
import { bestOf, type ClosedPoint } from './heavy-load.js';
import type { Overload, OverloadPlan, OverloadRound } from './overload.js';

const LIMITS = {
  goodput: 0.9,
  criticalP99: 3,
  refusedP99Ms: 10,
  recoverySeconds: 5,
  growthPercent: 10,
};
/** Memory is judged when heaps have their size. */
const SHORTEST_FOR_MEMORY_MS = 30_000;

/** Holds overloads against what is promised; each figure is the median over the rounds, and no critical request of any may be refused. */
export function judgeOverload({ plan, rounds }: Overload): Verdict[] {
  const what = `${plan.times} times the capacity`;
  const median = (figure: (round: OverloadRound) => number) => spreadOf(rounds.map(figure)).median;
  const all = (round: OverloadRound) => round.loaded.phases[0]!.all;
  const critical = (round: OverloadRound) => round.loaded.phases[0]!.critical;
  const answered = rounds.reduce((sum, round) => sum + critical(round).answered, 0);
  const offered = rounds.reduce((sum, round) => sum + critical(round).offered, 0);
  return [
    atLeast(
      `${what}: goodput, to the best closed-loop throughput`,
      median((round) => goodput(plan, round)),
      LIMITS.goodput,
    ),
    atLeast(`${what}: critical requests answered`, (answered / offered) * 100, 100, '%'),
    atMost(
      `${what}: p99 of critical requests, to that without load`,
      median((round) => critical(round).answeredP99Ms / unloadedP99Ms(round)),
      LIMITS.criticalP99,
    ),
    atMost(
      `${what}: p99 of refusals`,
      median((round) => all(round).refusedP99Ms),
      LIMITS.refusedP99Ms,
      'ms',
    ),
    atMost(
      `${what}: seconds until all is as before`,
      median((round) => recoverySeconds(plan, round)),
      LIMITS.recoverySeconds,
      's',
    ),
    ...(plan.loadMs >= SHORTEST_FOR_MEMORY_MS
      ? [
          atMost(
            `${what}: growth of memory meanwhile`,
            median(({ rssMb }) => growthPercent(rssMb)),
            LIMITS.growthPercent,
            '%',
          ),
        ]
      : []),
  ];
}

/** Answers in time a second, as a part of the best closed-loop throughput just before and just after. */
export function goodput({ loadMs }: OverloadPlan, { before, after, loaded }: OverloadRound): number {
  const capacity = (bestOf(before.closed) + bestOf(after.closed)) / 2;
  return loaded.phases[0]!.all.answered / (loadMs / 1000) / capacity;
}

function unloadedP99Ms({ before, after }: OverloadRound): number {
  return (before.unloaded.answeredP99Ms + after.unloaded.answeredP99Ms) / 2;
}

/**
 * From the end of the overload until nothing is refused or lost any more, and answers come as fast as the promise to the
 * critical ones has it.
 */
export function recoverySeconds({ loadMs }: OverloadPlan, round: OverloadRound): number {
  const after = round.loaded.slices.slice(Math.round(loadMs / SLICE_MS));
  const lastBad = after.findLastIndex(({ offered, answered }) => answered < offered);
  const limitMs = LIMITS.criticalP99 * unloadedP99Ms(round);
  const firstFast = after.findIndex(({ answeredP99Ms }, index) => index > lastBad && answeredP99Ms <= limitMs);
  return firstFast === -1 ? Infinity : (firstFast * SLICE_MS) / 1000;
}

/** From the middle of the overload to its end; single samples swing with the garbage collector. */
export function growthPercent(samples: readonly number[]): number {
  const between = (from: number, to: number) =>
    spreadOf(samples.slice(Math.floor(samples.length * from), Math.ceil(samples.length * to))).median;
  return (between(0.7, 1) / between(0.2, 0.5) - 1) * 100;
}

const HEAD = 'requests | offered/s | answered/s | refused/s | lost | p50 ms | p99 ms | refused p50 ms | refused p99 ms';

/** The overloads as tables. */
export function renderOverload({ plan, rounds }: Overload): string {
  return rounds.map((round, index) => `### Round ${index + 1}\n\n${renderRound(plan, round)}`).join('\n\n');
}

function renderRound(plan: OverloadPlan, { before, after, loaded, rssMb, eventLoop }: OverloadRound): string {
  const [overload, afterwards] = loaded.phases;
  const rows = [
    rowOf('without load, before', before.unloaded, plan.unloadedMs),
    rowOf(`${plan.times} times the capacity`, overload!.all, plan.loadMs),
    rowOf('of these critical', overload!.critical, plan.loadMs),
    rowOf('afterwards, half the capacity', afterwards!.all, plan.afterwardsMs),
    rowOf('without load, after', after.unloaded, plan.unloadedMs),
  ];
  return [
    `Closed load without shedding, before: ${renderClosed(before.closed)}; after: ${renderClosed(after.closed)}.`,
    table(HEAD.split(' | '), rows),
    `Meanwhile the event loop of the serving thread was at most ${number(eventLoop.p99Ms)} ms late at the 99th percentile, the load generator itself ${number(loaded.lateP99Ms)} ms. Resident memory was ${number(Math.min(...rssMb))} to ${number(Math.max(...rssMb))} MB.`,
  ].join('\n\n');
}

function renderClosed(points: readonly ClosedPoint[]): string {
  return points
    .map(
      ({ connections, requestsPerSecond, p99Ms }) =>
        `${connections} connections ${number(requestsPerSecond)}/s (p99 ${number(p99Ms)} ms)`,
    )
    .join(', ');
}

function rowOf(name: string, counts: OpenCounts, durationMs: number): (string | number)[] {
  const perSecond = (count: number) => number((count * 1000) / durationMs);
  const { offered, answered, refused, timedOut, failed } = counts;
  return [
    name,
    ...[offered, answered, refused].map(perSecond),
    timedOut + failed,
    ...[counts.answeredP50Ms, counts.answeredP99Ms, counts.refusedP50Ms, counts.refusedP99Ms].map(number),
  ];
}
