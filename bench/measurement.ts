import { machineCpuMs } from './machine-load.js';
import type { BenchServer } from './bench-server.js';
import type { LoadGenerator } from './load/load-generator.js';
import type { TextChoice } from './load/load-job.js';

/** One kind of load. */
export interface Scenario {
  texts: TextChoice;
  connections: number;
}

/** One server under one load, once. */
export interface Measurement {
  requestsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** CPU time of the server's whole process tree for each request. */
  cpuUs: number;
  /** CPU cores that the server kept busy. */
  cores: number;
  rssMb: number;
  /** CPU cores that the load generator kept busy: near 1 means that it, not the server, was the limit. */
  generatorCores: number;
  /** CPU cores that everything else on the machine kept busy; it should be near 0. */
  otherCores: number;
  /** How late the event loop of the serving thread was, 99th percentile (Falcon only). */
  eventLoopP99Ms?: number;
}

/** Times of a measurement. */
export interface Timing {
  warmupMs: number;
  durationMs: number;
}

let nextSeed = 1;

/** A seed that no load of this run has had: no text is asked twice. */
export function freshSeed(): number {
  return nextSeed++;
}

/** Puts the load on the server and measures what it costs. */
export async function measure(
  generator: LoadGenerator,
  server: BenchServer,
  scenario: Scenario,
  { warmupMs, durationMs }: Timing,
): Promise<Measurement> {
  const look = () => ({ ...server.usage(), machineMs: machineCpuMs() });
  let before = look();
  let after = before;
  const job = { port: server.port, path: '/infer', ...scenario, seed: freshSeed(), warmupMs, until: { durationMs } };
  let eventLoop: ReturnType<BenchServer['eventLoop']> | undefined;
  const result = await generator.run(job, {
    onMeasuring: () => {
      before = look();
      if (server.hasProbe) server.resetEventLoop();
    },
    onMeasured: () => {
      after = look();
      if (server.hasProbe) eventLoop = server.eventLoop();
    },
  });
  const cpuMs = after.cpuMs - before.cpuMs;
  return {
    requestsPerSecond: (result.requests * 1000) / result.durationMs,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
    cpuUs: (cpuMs * 1000) / result.requests,
    cores: cpuMs / result.durationMs,
    rssMb: after.rssMb,
    generatorCores: result.generatorCpuMs / result.durationMs,
    otherCores: (after.machineMs - before.machineMs - cpuMs - result.generatorCpuMs) / result.durationMs,
    ...(eventLoop && { eventLoopP99Ms: (await eventLoop).p99Ms }),
  };
}
