import type { BenchServer } from '../bench-server.js';
import { REFERENCE } from '../compare.js';
import { measure, type Scenario } from '../measurement.js';
import { type Bracketed, type HotRoundPlan, runRounds } from '../rounds.js';
import { settle } from '../settle.js';
import { withHotServers } from './hot-servers.js';

/** The two ways of a request: answered from the cache, or by the model. */
export const PATHS = [
  { name: 'hit', scenario: { texts: 'same', connections: 64 } },
  { name: 'miss', scenario: { texts: 'different', connections: 64 } },
] as const satisfies { name: string; scenario: Scenario }[];

/** What everything costs that stands between a request and its answer. */
export interface Path {
  name: (typeof PATHS)[number]['name'];
  scenario: Scenario;
  /** The audit worker does nothing while anything is counted: in production it has a machine of its own. */
  apart: Bracketed[];
  /** The audit worker and its Postgres work meanwhile, on the same cores. */
  shared: Bracketed[];
}

/** Starts bare Fastify and Falcon with everything on, drives them in rounds, and stops them. */
export async function paths(plan: HotRoundPlan, logFolder: string, progress: (line: string) => void): Promise<Path[]> {
  return withHotServers(plan, logFolder, async ({ generator, production, start }) => {
    const reference = await start(REFERENCE);
    const falcon = await start(production.api());
    const found: Path[] = [];
    for (const { name, scenario } of PATHS) {
      const rounds = async (worker?: BenchServer) => {
        progress(`${name}, the worker ${worker ? 'rests while anything is counted' : 'works meanwhile'}`);
        await measure(generator, falcon, scenario, { warmupMs: plan.heatUpMs, durationMs: 100 });
        const settled = { ...plan, settle: () => settle([falcon], worker) };
        return runRounds(generator, { reference, compared: [falcon] }, scenario, settled);
      };
      const apart = await rounds(production.services.worker);
      production.services.worker.resume();
      found.push({ name, scenario, apart, shared: await rounds() });
    }
    return found;
  });
}
