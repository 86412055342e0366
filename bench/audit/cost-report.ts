import { type Reference, renderLegend, renderScenario } from '../report.js';
import { atLeast, atMost, type Verdict } from '../requirements.js';
import type { Bracketed } from '../rounds.js';
import { medianRatio, summarise } from '../summary.js';
import { type Cost, COST_SERVERS } from './cost.js';

const REFERENCE: Reference = { title: 'the same server that records nothing', name: 'off' };
const LEAST_THROUGHPUT = { process: 0.9, disk: 0.6 } as const;
const MOST_P99 = 1.5;

/** Holds the cost against what is promised; each figure is the median over the rounds. */
export function judgeCost({ apart }: Pick<Cost, 'apart'>): Verdict[] {
  return COST_SERVERS.apart.flatMap((server) => {
    const own = apart.filter((round) => round.server === server);
    const what = `AUDIT_DURABILITY=${server}, 64 connections`;
    return [
      atLeast(`${what}: throughput, to off`, medianRatio(own, 'requestsPerSecond'), LEAST_THROUGHPUT[server]),
      atMost(`${what}: p99, to off`, medianRatio(own, 'p99Ms'), MOST_P99),
    ];
  });
}

/** Both parts as tables. */
export function renderCost({ scenario, apart, shared }: Cost): string {
  const section = (rounds: readonly Bracketed[], servers: readonly string[], remark: string) =>
    renderScenario(summarise(scenario, rounds, servers), REFERENCE, remark);
  return [
    renderLegend(REFERENCE),
    'The audit worker is stopped while anything is counted and works in between, because in production it has a machine of its own.',
    section(apart, COST_SERVERS.apart, ', the worker elsewhere'),
    'Not judged: worker, Redis and Postgres work meanwhile on the same cores. `embedded` brings its own Postgres, queue and worker, and its CPU time is that of all of them.',
    section(shared, COST_SERVERS.shared, ', everything on one machine'),
  ].join('\n\n');
}
