import type { Bracketed } from './rounds.js';
import { type Figure, medianRatio, spreadOf, versus } from './summary.js';
import type { Scenario } from './measurement.js';

/** All rounds of one load. */
export interface ScenarioRounds {
  scenario: Scenario;
  rounds: Bracketed[];
}

/** One promise about speed, and whether the run kept it. */
export interface Verdict {
  promise: string;
  measured: number;
  limit: number;
  unit: string;
  kept: boolean;
}

/** Holds the run against what Falcon promises; each figure is the median over the rounds. */
export function judge(scenarios: readonly ScenarioRounds[]): Verdict[] {
  const saturated = scenarios.find(({ scenario }) => scenario.texts === 'different' && scenario.connections === 64);
  const single = scenarios.find(({ scenario }) => scenario.texts === 'different' && scenario.connections === 1);
  return [...(saturated ? judgeSaturated(saturated.rounds) : []), ...(single ? [judgeSingle(single.rounds)] : [])];
}

function judgeSaturated(rounds: readonly Bracketed[]): Verdict[] {
  const toReference = (figure: Figure) => medianRatio(falcon(rounds), figure);
  const eventLoopP99Ms = spreadOf(falcon(rounds).map(({ measured }) => measured.eventLoopP99Ms ?? Number.NaN)).median;
  const load = 'different texts, 64 connections';
  return [
    atLeast(
      `${load}: throughput, to naive Fastify`,
      versus(rounds, 'requestsPerSecond', 'falcon', 'naive-fastify').median,
      4,
    ),
    atLeast(`${load}: throughput, to bare Fastify`, toReference('requestsPerSecond'), 0.45),
    atMost(`${load}: CPU per request, to bare Fastify`, toReference('cpuUs'), 3),
    atMost(`${load}: p99, to bare Fastify`, toReference('p99Ms'), 3),
    atMost(`${load}: event-loop delay p99 of the serving thread`, eventLoopP99Ms, 5, 'ms'),
  ];
}

function judgeSingle(rounds: readonly Bracketed[]): Verdict {
  const naive = new Map(
    rounds.filter(({ server }) => server === 'naive-fastify').map((r) => [r.round, r.measured.p50Ms]),
  );
  const differences = falcon(rounds).map(({ round, measured }) => measured.p50Ms - (naive.get(round) ?? Number.NaN));
  return atMost(
    'different texts, 1 connection: p50 above that of naive Fastify',
    spreadOf(differences).median,
    0.3,
    'ms',
  );
}

const falcon = (rounds: readonly Bracketed[]) => rounds.filter(({ server }) => server === 'falcon');

/** The promise that a figure does not go below its limit. */
export function atLeast(promise: string, measured: number, limit: number, unit = 'x'): Verdict {
  return { promise: `${promise} >= ${limit} ${unit}`, measured, limit, unit, kept: measured >= limit };
}

/** The promise that a figure does not go above its limit. */
export function atMost(promise: string, measured: number, limit: number, unit = 'x'): Verdict {
  return { promise: `${promise} <= ${limit} ${unit}`, measured, limit, unit, kept: measured <= limit };
}

/** The promise that a figure stays below its limit. */
export function below(promise: string, measured: number, limit: number, unit: string): Verdict {
  return { promise: `${promise} < ${limit} ${unit}`, measured, limit, unit, kept: measured < limit };
}

/** The promise that there is none of something. */
export function none(promise: string, measured: number, unit: string): Verdict {
  return { promise: `${promise} = 0`, measured, limit: 0, unit, kept: measured === 0 };
}
