import { BenchServer, type ServerRecipe } from '../bench-server.js';
import { FALCON, startHot } from '../compare.js';
import { PLAIN_SETTINGS } from '../config.js';
import { LoadGenerator } from '../load/load-generator.js';
import type { Scenario } from '../measurement.js';
import { type Bracketed, type HotRoundPlan, runRounds } from '../rounds.js';
import { settle } from '../settle.js';
import { AuditServices } from './audit-services.js';

const SCENARIO: Scenario = { texts: 'different', connections: 64 };

/** What the audit log costs the server that records its answers. */
export interface Cost {
  scenario: Scenario;
  /** The worker does nothing while anything is counted: in production it has a machine of its own. */
  apart: Bracketed[];
  /** The worker, Redis and Postgres share the machine's cores with the server while they work. */
  shared: Bracketed[];
}

/** The servers that are compared with the one that records nothing. */
export const COST_SERVERS = { apart: ['process', 'disk'], shared: ['process', 'disk', 'embedded'] } as const;

/** Starts all servers, drives them in rounds, and stops them. */
export async function cost(plan: HotRoundPlan, logFolder: string, progress: (line: string) => void): Promise<Cost> {
  const services = await AuditServices.start(logFolder);
  const generator = new LoadGenerator();
  const started: BenchServer[] = [];
  const start = async (server: Promise<BenchServer>) => {
    started.push(await server);
    return started.at(-1)!;
  };
  const startApi = (recipe: ServerRecipe) => start(startHot(generator, recipe, plan.heatUpMs, logFolder));
  try {
    const worker = await start(BenchServer.start(services.worker('redis'), logFolder));
    const apis: BenchServer[] = [];
    for (const recipe of recipes(services)) apis.push(await startApi(recipe));
    const [reference, processApi, disk, embedded] = apis as [BenchServer, BenchServer, BenchServer, BenchServer];
    const freezing = { ...plan, settle: () => settle([processApi, disk, embedded], worker) };
    progress(`the worker rests while anything is counted: ${plan.rounds} round(s)`);
    const apart = await runRounds(generator, { reference, compared: [processApi, disk] }, SCENARIO, freezing);
    worker.resume();
    const working = { ...plan, settle: () => settle([processApi, disk, embedded]) };
    progress(`the worker works meanwhile: ${plan.rounds} round(s)`);
    const compared = [processApi, disk, embedded];
    return {
      scenario: SCENARIO,
      apart,
      shared: await runRounds(generator, { reference, compared }, SCENARIO, working),
    };
  } finally {
    generator.stop();
    await Promise.all(started.map((server) => server.stop()));
    await services.stop();
  }
}

/** The reference records nothing; `embedded` is what `make run` starts. */
function recipes(services: AuditServices): ServerRecipe[] {
  const production = ['off', 'process', 'disk'].map((durability) =>
    services.api(durability, 'redis', { AUDIT_DURABILITY: durability }),
  );
  const given = { POSTGRES_URL: '', REDIS_URL: '', REDIS_QUEUE_URL: '' };
  const env = { ...PLAIN_SETTINGS, ...given, AUDIT_DURABILITY: 'process' };
  return [...production, { ...FALCON, name: 'embedded', env }];
}
