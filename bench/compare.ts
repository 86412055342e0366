import { PLAIN_SETTINGS, servedModelFolder } from './config.js';
import { BenchServer, type ServerRecipe } from './bench-server.js';
import { LoadGenerator } from './load/load-generator.js';
import { measure, type Scenario } from './measurement.js';
import { judge, type ScenarioRounds, type Verdict } from './requirements.js';
import { type HotRoundPlan, runRounds } from './rounds.js';
import { type ScenarioSummary, summarise } from './summary.js';

/** What every ratio is to. */
export const REFERENCE: ServerRecipe = { name: 'bare-fastify', script: 'bench/servers/bare-fastify.js' };

/** Falcon itself, as `make run` starts it, but for the audit log: the reference servers keep none. */
export const FALCON: ServerRecipe = {
  name: 'falcon',
  script: 'apps/api/src/main.js',
  isFalcon: true,
  hasProbe: true,
  env: PLAIN_SETTINGS,
};

/** The process that writes the table of the audit log. */
export const AUDIT_WORKER: ServerRecipe = {
  name: 'audit-worker',
  script: 'apps/audit-worker/src/main.js',
  isFalcon: true,
};

const comparedServers = (): ServerRecipe[] => [
  FALCON,
  { name: 'naive-fastify', script: 'bench/servers/naive-fastify.js', args: [servedModelFolder()] },
  { name: 'node-http', script: 'bench/servers/node-http.js' },
];

/** Which loads a comparison runs, and how long. */
export interface ComparisonPlan extends HotRoundPlan {
  scenarios: Scenario[];
}

/** Starts all servers, drives them in rounds, and stops them. */
export async function compare(
  plan: ComparisonPlan,
  logFolder: string,
  progress: (line: string) => void,
): Promise<{ scenarios: ScenarioSummary[]; verdicts: Verdict[] }> {
  const recipes = comparedServers();
  const generator = new LoadGenerator();
  const servers: BenchServer[] = [];
  try {
    for (const recipe of [REFERENCE, ...recipes])
      servers.push(await startHot(generator, recipe, plan.heatUpMs, logFolder));
    const [reference, ...compared] = servers as [BenchServer, ...BenchServer[]];
    const measured: ScenarioRounds[] = [];
    for (const scenario of plan.scenarios) {
      progress(`${scenario.connections} connections, ${scenario.texts} text(s): ${plan.rounds} round(s)`);
      measured.push({ scenario, rounds: await runRounds(generator, { reference, compared }, scenario, plan) });
    }
    const names = recipes.map(({ name }) => name);
    return {
      scenarios: measured.map(({ scenario, rounds }) => summarise(scenario, rounds, names)),
      verdicts: judge(measured),
    };
  } finally {
    generator.stop();
    await Promise.all(servers.map((server) => server.stop()));
  }
}

/** Starts a server and puts load on it until its code is compiled. */
export async function startHot(
  generator: LoadGenerator,
  recipe: ServerRecipe,
  heatUpMs: number,
  logFolder: string,
): Promise<BenchServer> {
  const server = await BenchServer.start(recipe, logFolder);
  const scenario: Scenario = { texts: 'different', connections: 8 }; // as many as are never shed
  try {
    await measure(generator, server, scenario, { warmupMs: heatUpMs, durationMs: 100 });
    return server;
  } catch (error) {
    await server.stop(); // nobody else knows of it yet
    throw error;
  }
}
