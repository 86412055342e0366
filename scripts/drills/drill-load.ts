import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RequestCounts } from './timeline.js';

/** How the load is. */
export interface LoadOptions {
  url: string;
  apiKey?: string | undefined;
  /** @default 4 */
  connections?: number;
  /** Pause of each connection between two requests. @default 60 */
  pauseMs?: number;
  /** Only a server that cannot go on refuses what is critical. @default critical */
  priority?: 'low' | 'critical';
}

interface Outcome {
  startedMs: number;
  tookMs: number;
  id: string;
  status: number;
  /** What went wrong, if anything did. */
  failure?: string;
  isDegraded: boolean;
}

/** Every so manyth text was asked before, every so manyth request has an idempotency key. */
const REPEAT_EVERY = 3;
const KEY_EVERY = 4;
const TIMEOUT_MS = 15_000;
const RECONNECT_MS = 100;

/** A steady load of distinct and repeated texts that remembers how each request ended. */
export class DrillLoad {
  private readonly outcomes: Outcome[] = [];
  private readonly running: Promise<unknown>;
  private readonly run = randomUUID().slice(0, 8);
  private isStopping = false;
  private sent = 0;

  /** Begins; it goes on until `stop()`. */
  constructor(private readonly options: LoadOptions) {
    this.running = Promise.all(Array.from({ length: options.connections ?? 4 }, () => this.keepAsking()));
  }

  /** Resolves when the last request has ended. */
  async stop(): Promise<void> {
    this.isStopping = true;
    await this.running;
  }

  /** How the requests ended that began within these times. */
  between(fromMs: number, toMs: number): RequestCounts {
    const within = this.outcomes.filter(({ startedMs }) => startedMs >= fromMs && startedMs <= toMs);
    const failed = within.filter(({ failure }) => failure !== undefined);
    const failures: Record<string, number> = {};
    for (const { failure = '' } of failed) failures[failure] = (failures[failure] ?? 0) + 1;
    const took = within.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
    return {
      answered: within.length - failed.length,
      degraded: within.filter(({ isDegraded }) => isDegraded).length,
      failed: failed.length,
      failures,
      p95Ms: took[Math.floor(took.length * 0.95)] ?? 0,
    };
  }

  /** Ids of the requests that were answered well, each of which has a row in the audit log. */
  answeredIds(): string[] {
    return this.outcomes.filter(({ failure }) => failure === undefined).map(({ id }) => id);
  }

  private async keepAsking(): Promise<void> {
    while (!this.isStopping) {
      const outcome = await this.ask();
      this.outcomes.push(outcome);
      await sleep(outcome.status === 0 ? RECONNECT_MS : (this.options.pauseMs ?? 60));
    }
  }

  private async ask(): Promise<Outcome> {
    const k = this.sent++;
    const id = `drill-${this.run}-${k}`;
    const startedMs = performance.now();
    try {
      const response = await fetch(`${this.options.url}/infer`, {
        method: 'POST',
        headers: this.headersOf(k, id),
        body: JSON.stringify({ text: `Drill ${this.run}, text ${k - (k % REPEAT_EVERY === 0 ? REPEAT_EVERY : 0)}` }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const { mode, code } = (await response.json()) as { mode?: string; code?: string };
      const tookMs = performance.now() - startedMs;
      const isDegraded = mode?.startsWith('degraded') ?? false;
      const failure = response.ok ? {} : { failure: `${response.status} ${code ?? ''}`.trim() };
      return { startedMs, tookMs, id, status: response.status, isDegraded, ...failure };
    } catch (error) {
      const failure = error instanceof Error && error.name === 'TimeoutError' ? 'without an answer' : 'cut off';
      return { startedMs, tookMs: performance.now() - startedMs, id, status: 0, failure, isDegraded: false };
    }
  }

  private headersOf(k: number, id: string): Record<string, string> {
    return {
      'content-type': 'application/json',
      'x-request-id': id,
      ...(this.options.apiKey !== undefined && { 'x-api-key': this.options.apiKey }),
      'x-priority': this.options.priority ?? 'critical',
      ...(k % KEY_EVERY === 0 && { 'idempotency-key': id }),
    };
  }
}
