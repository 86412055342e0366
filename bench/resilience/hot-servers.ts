import type { BenchServer, ServerRecipe } from '../bench-server.js';
import { startHot } from '../compare.js';
import { LoadGenerator } from '../load/load-generator.js';
import { Production } from './production.js';

/** What a measurement with everything on works with. */
export interface HotServers {
  generator: LoadGenerator;
  production: Production;
  /** Starts one more, under load until it is hot. */
  start: (recipe: ServerRecipe) => Promise<BenchServer>;
}

/** Starts the production form for a measurement, and stops all that runs when that is over. */
export async function withHotServers<T>(
  { heatUpMs }: { heatUpMs: number },
  logFolder: string,
  measure: (servers: HotServers) => Promise<T>,
): Promise<T> {
  const production = await Production.start(logFolder);
  const generator = new LoadGenerator(); // not before: a process that nobody ends would keep a failed bench running
  const started: BenchServer[] = [];
  const start = async (recipe: ServerRecipe) => {
    const server = await startHot(generator, recipe, heatUpMs, logFolder);
    started.push(server);
    return server;
  };
  try {
    return await measure({ generator, production, start });
  } finally {
    generator.stop();
    await Promise.all(started.map((server) => server.stop()));
    await production.stop();
  }
}
