import type { OpenResult } from './open-job.js';

/** What is asked: always the same text, or never the same one twice. */
export type TextChoice = 'same' | 'different';

/** One closed-loop load on one server: each connection sends its next request when the last one is answered. */
export interface LoadJob {
  port: number;
  path: string;
  connections: number;
  texts: TextChoice;
  /** Different seeds give different texts, so that no round repeats those of an earlier one. */
  seed: number;
  textBytes?: number;
  /** Time under load before anything is counted. */
  warmupMs: number;
  /** Counting ends after this time, or after this many answers. */
  until: { durationMs: number } | { requests: number };
}

/** What a load has shown. */
export interface LoadResult {
  requests: number;
  durationMs: number;
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
  /** CPU time of the load generator itself while it counted. */
  generatorCpuMs: number;
}

/** What the generator's process reports while it runs a job. */
export type LoadEvent =
  | { event: 'open-done'; result: OpenResult }
  | { event: 'measuring' }
  | { event: 'measured'; result: LoadResult }
  | { event: 'drained' }
  | { event: 'failed'; message: string };
