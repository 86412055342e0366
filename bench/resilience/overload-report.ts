import { type OpenCounts, SLICE_MS } from '../load/open-job.js';
import { number } from '../report.js';
import { atLeast, atMost, type Verdict } from '../requirements.js';
import { spreadOf } from '../summary.js';
import { bestOf } from './heavy-load.js';
import type { Overload } from './overload.js';

const LIMITS = {
  goodput: 0.9,
  criticalP99: 3,
  refusedP99Ms: 10,
  recoverySeconds: 5,
  growthPercent: 10,
};
/** Memory is judged when heaps have their size. */
const SHORTEST_FOR_MEMORY_MS = 30_000;

/** Holds an overload against what is promised. */
export function judgeOverload(found: Overload): Verdict[] {
  const { plan, unloaded, loaded, rssMb } = found;
  const { all, critical } = loaded.phases[0]!;
  const what = `${plan.times} times the capacity`;
  return [
    atLeast(`${what}: goodput, to the best closed-loop throughput`, goodput(found), LIMITS.goodput),
    atLeast(`${what}: critical requests answered`, (critical.answered / critical.offered) * 100, 100, '%'),
    atMost(
      `${what}: p99 of critical requests, to that without load`,
      critical.answeredP99Ms / unloaded.answeredP99Ms,
      LIMITS.criticalP99,
    ),
    atMost(`${what}: p99 of refusals`, all.refusedP99Ms, LIMITS.refusedP99Ms, 'ms'),
    atMost(`${what}: seconds until all is as before`, recoverySeconds(found), LIMITS.recoverySeconds, 's'),
    ...(plan.loadMs >= SHORTEST_FOR_MEMORY_MS
      ? [atMost(`${what}: growth of memory meanwhile`, growthPercent(rssMb), LIMITS.growthPercent, '%')]
      : []),
  ];
}

/** Answers in time a second, as a part of the best closed-loop throughput. */
export function goodput({ plan, closed, loaded }: Overload): number {
  return loaded.phases[0]!.all.answered / (plan.loadMs / 1000) / bestOf(closed);
}

/**
 * From the end of the overload until nothing is refused or lost any more, and answers come as fast as the promise to the
 * critical ones has it.
 */
export function recoverySeconds({ plan, unloaded, loaded }: Overload): number {
  const after = loaded.slices.slice(Math.round(plan.loadMs / SLICE_MS));
  const lastBad = after.findLastIndex(({ offered, answered }) => answered < offered);
  const limitMs = LIMITS.criticalP99 * unloaded.answeredP99Ms;
  const firstFast = after.findIndex(({ answeredP99Ms }, index) => index > lastBad && answeredP99Ms <= limitMs);
  return firstFast === -1 ? Infinity : (firstFast * SLICE_MS) / 1000;
}

/** From the middle of the overload to its end; single samples swing with the garbage collector. */
export function growthPercent(samples: readonly number[]): number {
  const between = (from: number, to: number) =>
    spreadOf(samples.slice(Math.floor(samples.length * from), Math.ceil(samples.length * to))).median;
  return (between(0.7, 1) / between(0.2, 0.5) - 1) * 100;
}

const HEADER =
  '| requests | offered/s | answered/s | refused/s | lost | p50 ms | p99 ms | refused p50 ms | refused p99 ms |';

/** The overload as tables. */
export function renderOverload(found: Overload): string {
  const { plan, closed, unloaded, loaded, rssMb, eventLoop } = found;
  const [overload, afterwards] = loaded.phases;
  const best = closed.map(
    ({ connections, requestsPerSecond, p99Ms }) =>
      `${connections} connections ${number(requestsPerSecond)}/s (p99 ${number(p99Ms)} ms)`,
  );
  const rows = [
    renderRow('without load', unloaded, plan.unloadedMs),
    renderRow(`${plan.times} times the capacity`, overload!.all, plan.loadMs),
    renderRow('of these critical', overload!.critical, plan.loadMs),
    renderRow('afterwards, half the capacity', afterwards!.all, plan.afterwardsMs),
  ];
  return [
    `Closed load without shedding: ${best.join(', ')}.`,
    [HEADER, `|${' --- |'.repeat(HEADER.split('|').length - 2)}`, ...rows].join('\n'),
    `Meanwhile the event loop of the serving thread was at most ${number(eventLoop.p99Ms)} ms late at the 99th percentile, the load generator itself ${number(loaded.lateP99Ms)} ms. Resident memory was ${number(Math.min(...rssMb))} to ${number(Math.max(...rssMb))} MB.`,
  ].join('\n\n');
}

function renderRow(name: string, counts: OpenCounts, durationMs: number): string {
  const perSecond = (count: number) => number((count * 1000) / durationMs);
  const { offered, answered, refused, timedOut, failed } = counts;
  const cells = [
    name,
    ...[offered, answered, refused].map(perSecond),
    timedOut + failed,
    ...[counts.answeredP50Ms, counts.answeredP99Ms, counts.refusedP50Ms, counts.refusedP99Ms].map(number),
  ];
  return `| ${cells.join(' | ')} |`;
}
