import { join } from 'node:path';
import { writeSlowModel } from '../../libs/inference/test-support/slow-model.js';
import type { BenchServer } from '../bench-server.js';
import { servedModelFolder } from '../config.js';
import type { LoadGenerator } from '../load/load-generator.js';
import type { OpenPhase, OpenResult } from '../load/open-job.js';
import { freshSeed } from '../measurement.js';

/** What a server is asked that has more to do than it can: a model, what computes it, and the length of the texts. */
export interface Work {
  model: string;
  backend: 'cpu' | 'wasm';
  textBytes: number;
  /** The model is the bench's own, `slow`: matrix products before each answer. */
  products?: number;
}

/**
 * Where the model is what is short, and where all that surrounds it is short, too: server, load generator, Redis and
 * Postgres share the machine, so that of a quick model's capacity refusals of the rest take a part.
 */
export const WORKS = {
  /** In plain JavaScript a text takes this model some 10 ms. */
  slow: { model: 'slow', products: 80, backend: 'cpu', textBytes: 80 },
  /** Some 3 ms. */
  medium: { model: 'slow', products: 25, backend: 'cpu', textBytes: 80 },
  /** In WebAssembly some 0.5 ms, of as much text as it reads. */
  quick: { model: 'intent', backend: 'wasm', textBytes: 2000 },
} as const satisfies Record<string, Work>;

/** How Falcon is told; the bench's own model is written into `folder` before. */
export function workSettings({ model, backend, products }: Work, folder: string): Record<string, string> {
  const env = { DEFAULT_MODEL: model, INFERENCE_BACKEND: backend };
  if (products === undefined) return env;
  const models = join(folder, 'models');
  writeSlowModel(models, servedModelFolder('sentiment', 'models'), products);
  return { ...env, MODEL_DIR: models };
}

/** For headings. */
export function describeWork({ model, backend, textBytes, products }: Work): string {
  const size = products === undefined ? '' : ` of ${products} products`;
  return `model ${model}${size} on ${backend}, texts of ${textBytes} bytes`;
}

/** A caller that has waited so long has left. */
export const CALLER_TIMEOUT_MS = 2000;
/** This part of the requests is critical. */
const CRITICAL_SHARE = 0.1;
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
  { textBytes }: Work,
  durationMs: number,
): Promise<ClosedPoint[]> {
  const job = { port, path: '/infer', texts: 'different' as const, textBytes };
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
export function openLoop(
  generator: LoadGenerator,
  { port }: BenchServer,
  { textBytes }: Work,
  phases: OpenPhase[],
): Promise<OpenResult> {
  return generator.runOpen({
    port,
    path: '/infer',
    seed: freshSeed(),
    textBytes,
    phases,
    criticalShare: CRITICAL_SHARE,
    timeoutMs: CALLER_TIMEOUT_MS,
    connections: CONNECTIONS,
  });
}

/** Resolves when the server answers new callers at once again: one that does not shed works on for those that have left. */
export async function rested({ name, port }: BenchServer): Promise<void> {
  const deadlineMs = performance.now() + REST_TIMEOUT_MS;
  const body = JSON.stringify({ text: 'are you there?' });
  // A connection that is kept is served before all those that nobody has accepted yet.
  const headers = { 'Content-Type': 'application/json', Connection: 'close' };
  for (let quick = 0; quick < 3;) {
    const startedMs = performance.now();
    await (await fetch(`http://127.0.0.1:${port}/infer`, { method: 'POST', headers, body })).text();
    quick = performance.now() - startedMs < RESTED_MS ? quick + 1 : 0;
    if (performance.now() > deadlineMs) throw new Error(`${name} does not come to rest after the load`);
  }
}
