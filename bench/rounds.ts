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
