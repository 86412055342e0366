import type { BenchServer } from '../bench-server.js';
import { servedModelFolder } from '../config.js';
import type { LoadGenerator } from '../load/load-generator.js';
import { waitForQuiet } from '../machine-load.js';
import { bestOf, closedLoop, openLoop, rested, type Work, workSettings } from './heavy-load.js';
import { withHotServers } from './hot-servers.js';

/** Which loads, and how long each. */
export interface GoodputPlan {
  work: Work;
  /** Offered load, as multiples of what each server can do by itself. */
  times: number[];
  pointMs: number;
  closedMs: number;
  heatUpMs: number;
  patienceMs: number;
}

/** A server under one load. */
export interface GoodputPoint {
  /** As multiples of the server's own best closed-loop throughput. */
  offered: number;
  answered: number;
  p50Ms: number;
  p99Ms: number;
}

/** One server under all loads. */
export interface GoodputCurve {
  server: string;
  /** Best closed-loop throughput a second. */
  capacity: number;
  points: GoodputPoint[];
}

/** Asks each server for more and more, and counts what is answered in time. */
export async function goodputCurves(
  plan: GoodputPlan,
  logFolder: string,
  progress: (line: string) => void,
): Promise<GoodputCurve[]> {
  const { work } = plan;
  return withHotServers(plan, logFolder, async ({ generator, production, start }) => {
    const env = workSettings(work, logFolder);
    const unshed = await start(production.api('unshed', { ...env, LOAD_SHEDDING: 'off' }));
    const falcon = await start(production.api('falcon', env));
    const script = 'bench/servers/naive-fastify.js';
    const naive = await start({
      name: 'naive-fastify',
      script,
      args: [servedModelFolder(work.model, env.MODEL_DIR), work.backend],
    });
    const curves: GoodputCurve[] = [];
    for (const { server, closed } of [
      { server: falcon, closed: unshed },
      { server: naive, closed: naive },
    ]) {
      await waitForQuiet(plan.patienceMs);
      const capacity = bestOf(await closedLoop(generator, closed, work, plan.closedMs));
      progress(`${server.name}: ${Math.round(capacity)} a second under closed load`);
      curves.push({ server: server.name, capacity, points: await pointsOf(generator, server, capacity, plan) });
    }
    return curves;
  });
}

async function pointsOf(
  generator: LoadGenerator,
  server: BenchServer,
  capacity: number,
  { work, times, pointMs }: GoodputPlan,
): Promise<GoodputPoint[]> {
  const points: GoodputPoint[] = [];
  for (const multiple of times) {
    await rested(server);
    const { phases } = await openLoop(generator, server, work, [
      { perSecond: multiple * capacity, durationMs: pointMs },
    ]);
    const { answered, answeredP50Ms: p50Ms, answeredP99Ms: p99Ms } = phases[0]!.all;
    points.push({ offered: multiple, answered: (answered * 1000) / pointMs / capacity, p50Ms, p99Ms });
  }
  return points;
}
