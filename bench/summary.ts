import type { Measurement, Scenario } from './measurement.js';
import type { Bracketed } from './rounds.js';

/** A figure over all rounds. */
export interface Spread {
  median: number;
  min: number;
  max: number;
}

const FIGURES = [
  'requestsPerSecond',
  'p50Ms',
  'p99Ms',
  'cpuUs',
  'cores',
  'rssMb',
  'generatorCores',
  'otherCores',
] as const;

/** A figure of a server: as measured, and as a ratio to the reference of the same minute. */
export type Figure = (typeof FIGURES)[number];

/** All rounds of one server under one load. */
export interface ServerSummary {
  server: string;
  values: Record<Figure, Spread>;
  /** Each round's value divided by the mean of the reference before and after it. */
  ratios: Record<Figure, Spread>;
}

/** All servers under one load. */
export interface ScenarioSummary {
  scenario: Scenario;
  reference: Record<Figure, Spread>;
  servers: ServerSummary[];
}

/** Median, least and most of the values. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const median = ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
  return { median, min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN };
}

/** One round's figure as a ratio to the reference just before and just after. */
function ratioToReference({ measured, referenceBefore, referenceAfter }: Bracketed, figure: Figure): number {
  return measured[figure] / ((referenceBefore[figure] + referenceAfter[figure]) / 2);
}

/** The same as the median over rounds. */
export function medianRatio(rounds: readonly Bracketed[], figure: Figure): number {
  return spreadOf(rounds.map((round) => ratioToReference(round, figure))).median;
}

/** How many times `a`'s figure is `b`'s, round by round, each taken as a ratio to the reference. */
export function versus(rounds: readonly Bracketed[], figure: Figure, a: string, b: string): Spread {
  const byServer = (name: string) => rounds.filter(({ server }) => server === name);
  const others = new Map(byServer(b).map((bracketed) => [bracketed.round, bracketed]));
  return spreadOf(
    byServer(a).flatMap((bracketed) => {
      const other = others.get(bracketed.round);
      return other ? [ratioToReference(bracketed, figure) / ratioToReference(other, figure)] : [];
    }),
  );
}

/** Sums up the rounds of one scenario, in the order of `serverNames`. */
export function summarise(
  scenario: Scenario,
  rounds: readonly Bracketed[],
  serverNames: readonly string[],
): ScenarioSummary {
  const references = new Set(
    rounds.flatMap(({ referenceBefore, referenceAfter }) => [referenceBefore, referenceAfter]),
  );
  return {
    scenario,
    reference: figures((figure) => [...references].map((measurement: Measurement) => measurement[figure])),
    servers: serverNames.map((server) => {
      const own = rounds.filter((bracketed) => bracketed.server === server);
      return {
        server,
        values: figures((figure) => own.map(({ measured }) => measured[figure])),
        ratios: figures((figure) => own.map((bracketed) => ratioToReference(bracketed, figure))),
      };
    }),
  };
}

function figures(valuesOf: (figure: Figure) => number[]): Record<Figure, Spread> {
  return Object.fromEntries(FIGURES.map((figure) => [figure, spreadOf(valuesOf(figure))])) as Record<Figure, Spread>;
}
