import type { BenchServer } from '../bench-server.js';
import type { EventLoopReport } from '../event-loop-probe.js';
import type { LoadGenerator } from '../load/load-generator.js';
import type { OpenCounts, OpenResult } from '../load/open-job.js';
import { waitForQuiet } from '../machine-load.js';
import { bestOf, type ClosedPoint, closedLoop, openLoop, rested, type Work, workSettings } from './heavy-load.js';
import { withHotServers } from './hot-servers.js';

const UNLOADED = 0.1;
/** What goes on being offered when the overload is over. */
const AFTERWARDS = 0.5;
const MEMORY_SAMPLE_MS = 500;

/** How hard, how long, and how often. */
export interface OverloadPlan {
  work: Work;
  rounds: number;
  /** How long to wait before each round for a machine that does nothing else. */
  patienceMs: number;
  /** Offered load, as a multiple of what the server can do. */
  times: number;
  loadMs: number;
  unloadedMs: number;
  afterwardsMs: number;
  closedMs: number;
  heatUpMs: number;
}

/** What a server can do at the time. */
export interface Capability {
  /** The same server without load shedding, under closed load. */
  closed: ClosedPoint[];
  /** A tenth of what it can do. */
  unloaded: OpenCounts;
}

/** One overload, and what the server could do just before and just after it. */
export interface OverloadRound {
  before: Capability;
  after: Capability;
  /** Two phases, overload and afterwards, with their slices. */
  loaded: OpenResult;
  /** Resident memory during the overload. */
  rssMb: number[];
  /** Delay of the event loop of the serving thread during the overload. */
  eventLoop: EventLoopReport['eventLoop'];
}

/** What a server does under far more than it can do. */
export interface Overload {
  plan: OverloadPlan;
  rounds: OverloadRound[];
}

/** Starts Falcon with everything on, finds out what it can do, and asks for a multiple of that, round after round. */
export async function overload(
  plan: OverloadPlan,
  logFolder: string,
  progress: (line: string) => void,
): Promise<Overload> {
  const { work } = plan;
  return withHotServers(plan, logFolder, async ({ generator, production, start }) => {
    const env = workSettings(work, logFolder);
    const unshed = await start(production.api('unshed', { ...env, LOAD_SHEDDING: 'off' }));
    const falcon = await start(production.api('falcon', env));
    // Refusing has to be compiled, too.
    const roughly = bestOf(await closedLoop(generator, unshed, work, plan.closedMs));
    await openLoop(generator, falcon, work, [{ perSecond: plan.times * roughly, durationMs: plan.heatUpMs }]);
    await rested(falcon);
    production.services.worker.freeze(); // in production it has a machine of its own
    const capability = async (): Promise<Capability> => {
      const closed = await closedLoop(generator, unshed, work, plan.closedMs);
      const tenth = { perSecond: UNLOADED * bestOf(closed), durationMs: plan.unloadedMs };
      return { closed, unloaded: (await openLoop(generator, falcon, work, [tenth])).phases[0]!.all };
    };
    const rounds: OverloadRound[] = [];
    let before = await capability();
    for (let round = 0; round < plan.rounds; round += 1) {
      await waitForQuiet(plan.patienceMs);
      const perSecond = bestOf(before.closed);
      progress(`closed load: ${Math.round(perSecond)} a second at best`);
      progress(`${plan.times} times as many for ${plan.loadMs / 1000} s`);
      const measured = await loadAndWatch(generator, falcon, plan, perSecond);
      const after = await capability();
      rounds.push({ before, after, ...measured });
      before = after;
    }
    return { plan, rounds };
  });
}

async function loadAndWatch(
  generator: LoadGenerator,
  falcon: BenchServer,
  { work, times, loadMs, afterwardsMs }: OverloadPlan,
  perSecond: number,
): Promise<Pick<OverloadRound, 'loaded' | 'rssMb' | 'eventLoop'>> {
  const rssMb: number[] = [];
  const sampler = setInterval(() => rssMb.push(falcon.usage().rssMb), MEMORY_SAMPLE_MS);
  falcon.resetEventLoop();
  const eventLoop = Promise.withResolvers<EventLoopReport['eventLoop']>();
  const atEnd = setTimeout(() => {
    clearInterval(sampler);
    falcon.eventLoop().then(eventLoop.resolve, eventLoop.reject);
  }, loadMs);
  try {
    const loaded = await openLoop(generator, falcon, work, [
      { perSecond: times * perSecond, durationMs: loadMs },
      { perSecond: AFTERWARDS * perSecond, durationMs: afterwardsMs },
    ]);
    return { loaded, rssMb, eventLoop: await eventLoop.promise };
  } finally {
    clearInterval(sampler);
    clearTimeout(atEnd);
  }
}
