import { BARE_FASTIFY, renderLegend, renderScenario } from '../report.js';
import { atLeast, type Verdict } from '../requirements.js';
import { medianRatio, summarise } from '../summary.js';
import type { Path } from './paths.js';

const LEAST_THROUGHPUT = { hit: 0.5, miss: 0.35 };

/** Holds the paths against what is promised; each figure is the median over the rounds. */
export function judgePaths(found: readonly Pick<Path, 'name' | 'apart'>[]): Verdict[] {
  return found.map(({ name, apart }) => {
    const what = `everything on, 64 connections, ${name}: throughput, to bare Fastify`;
    return atLeast(what, medianRatio(apart, 'requestsPerSecond'), LEAST_THROUGHPUT[name]);
  });
}

/** The paths as tables. */
export function renderPaths(found: readonly Path[]): string {
  const section = ({ name, scenario }: Path, rounds: Path['apart'], remark: string) =>
    renderScenario(summarise(scenario, rounds, ['falcon']), BARE_FASTIFY, ` (${name})${remark}`);
  return [
    renderLegend(BARE_FASTIFY),
    'The audit worker is stopped while anything is counted and works in between, because in production it has a machine of its own.',
    ...found.map((path) => section(path, path.apart, ', the worker elsewhere')),
    'Not judged: the audit worker and its Postgres work meanwhile on the same cores.',
    ...found.map((path) => section(path, path.shared, ', everything on one machine')),
  ].join('\n\n');
}
