import type { BenchServer } from './bench-server.js';
import { waitForQuiet } from './machine-load.js';
import type { LoadGenerator } from './load/load-generator.js';
import { type Measurement, measure, type Scenario, type Timing } from './measurement.js';

/** A server's measurement, and those of the reference just before and just after it. */
export interface Bracketed {
  server: string;
  round: number;
  measured: Measurement;
  referenceBefore: Measurement;
  referenceAfter: Measurement;
}

/** How long and how often. */
export interface RoundPlan {
  rounds: number;
  timing: Timing;
  referenceTiming: Timing;
  /** How long to wait before each round for a machine that does nothing else. */
  patienceMs: number;
  /** Called before each measurement, the reference's too: brings the servers to rest. */
  settle?: () => Promise<void>;
}

/** What operators say of a comparison in rounds. */
export interface RoundOptions {
  /** One short round: to see that it works, not to judge. */
  quick?: boolean;
  rounds: number;
  /** Counted time per measurement. */
  seconds: number;
  /** How many seconds each round waits at most for an otherwise idle machine. */
  patience: number;
}

/** Falcon gets a quarter quicker in its first fifteen seconds under load, until V8 has compiled what there is to compile. */
const HEAT_UP_MS = 15_000;

/** Rounds of servers that have been under load before, so that no round measures the compiler. */
export interface HotRoundPlan extends RoundPlan {
  heatUpMs: number;
}

/** The rounds that are asked for. */
export function roundPlan({ quick = false, rounds, seconds, patience }: RoundOptions): HotRoundPlan {
  const durationMs = (quick ? 1 : seconds) * 1000;
  return {
    rounds: quick ? 1 : rounds,
    patienceMs: patience * 1000,
    timing: { warmupMs: 500, durationMs },
    referenceTiming: { warmupMs: 300, durationMs: Math.max(1000, (durationMs * 2) / 3) },
    heatUpMs: quick ? 1000 : HEAT_UP_MS,
  };
}

/**
 * Measures each server in each round between two measurements of the reference, starting with another server every round:
 * the speed of a shared machine drifts within minutes, a ratio to the neighbours in time does not.
 */
export async function runRounds(
  generator: LoadGenerator,
  servers: { reference: BenchServer; compared: readonly BenchServer[] },
  scenario: Scenario,
  plan: RoundPlan,
): Promise<Bracketed[]> {
  const { reference, compared } = servers;
  const results: Bracketed[] = [];
  const measureSettled = async (server: BenchServer, timing: Timing) => {
    await plan.settle?.();
    return measure(generator, server, scenario, timing);
  };
  const measureReference = () => measureSettled(reference, plan.referenceTiming);
  for (let round = 0; round < plan.rounds; round += 1) {
    await waitForQuiet(plan.patienceMs);
    let referenceBefore = await measureReference();
    for (const server of rotated(compared, round)) {
      const measured = await measureSettled(server, plan.timing);
      const referenceAfter = await measureReference();
      results.push({ server: server.name, round, measured, referenceBefore, referenceAfter });
      referenceBefore = referenceAfter;
    }
  }
  return results;
}

function rotated<T>(list: readonly T[], by: number): T[] {
  const cut = by % list.length;
  return [...list.slice(cut), ...list.slice(0, cut)];
}
