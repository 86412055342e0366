import type { BenchServer } from '../bench-server.js';
import type { LoadGenerator } from '../load/load-generator.js';
import type { OpenPhase, OpenResult } from '../load/open-job.js';
import { freshSeed } from '../measurement.js';

/**
 * Of the models of this repository the one that takes longest, and as much text as it reads: the model, not the load
 * generator, is what is short then, and ten times what it can do is still sent by half a core.
 */
export const HEAVY = { model: 'intent', textBytes: 2000 };
/** A caller that has waited so long has left. */
export const CALLER_TIMEOUT_MS = 2000;
/** This part of the requests is critical. */
export const CRITICAL_SHARE = 0.1;
const CONNECTIONS = 1024;
const CLOSED_CONNECTIONS = [8, 16, 32, 64, 128];
const WARMUP_MS = 500;
const REST_TIMEOUT_MS = 60_000;
const RESTED_MS = 100;

/** Throughput of a server under closed load. */
export interface ClosedPoint {
  connections: number;
  requestsPerSecond: number;
  p99Ms: number;
}

/** Throughput with more and more connections; the best of them is what the server can do. */
export async function closedLoop(
  generator: LoadGenerator,
  { port }: BenchServer,
  durationMs: number,
): Promise<ClosedPoint[]> {
  const job = { port, path: '/infer', texts: 'different' as const, textBytes: HEAVY.textBytes };
  const points: ClosedPoint[] = [];
  for (const connections of CLOSED_CONNECTIONS) {
    const load = { ...job, seed: freshSeed(), connections, warmupMs: WARMUP_MS, until: { durationMs } };
    const result = await generator.run(load);
    const requestsPerSecond = (result.requests * 1000) / result.durationMs;
    points.push({ connections, requestsPerSecond, p99Ms: result.p99Ms });
  }
  return points;
}

/** The best throughput of these. */
export function bestOf(points: readonly ClosedPoint[]): number {
  return Math.max(...points.map(({ requestsPerSecond }) => requestsPerSecond));
}

/** Puts open load on the server, phase after phase. */
export function openLoop(generator: LoadGenerator, { port }: BenchServer, phases: OpenPhase[]): Promise<OpenResult> {
  return generator.runOpen({
    port,
    path: '/infer',
    seed: freshSeed(),
    textBytes: HEAVY.textBytes,
    phases,
    criticalShare: CRITICAL_SHARE,
    timeoutMs: CALLER_TIMEOUT_MS,
    connections: CONNECTIONS,
  });
}

/** Resolves when the server answers at once again: one that does not shed works on for callers that have left. */
export async function rested({ name, port }: BenchServer): Promise<void> {
  const deadlineMs = performance.now() + REST_TIMEOUT_MS;
  const body = JSON.stringify({ text: 'are you there?' });
  const headers = { 'Content-Type': 'application/json' };
  for (let quick = 0; quick < 3;) {
    const startedMs = performance.now();
    await (await fetch(`http://127.0.0.1:${port}/infer`, { method: 'POST', headers, body })).text();
    quick = performance.now() - startedMs < RESTED_MS ? quick + 1 : 0;
    if (performance.now() > deadlineMs) throw new Error(`${name} does not come to rest after the load`);
  }
}
