import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from './answer.js';
import { Client } from './client.js';
import { endWithTheTest } from './end-with-the-test.js';

/** An answer, and when and for how long it was waited for. */
export interface TimedAnswer {
  endedMs: number;
  tookMs: number;
  status: number;
  headers: Answer['headers'];
  json: Record<string, unknown>;
}

/** How the load is. */
export interface SteadyLoadOptions {
  ports: readonly number[];
  /** @default 4 for each server */
  connections?: number;
  /** Pause of each connection between two requests. @default 5 */
  pauseMs?: number;
  headers?: Record<string, string>;
  /** Distinguishes the texts of several loads. @default 'load' */
  name?: string;
}

/** Every so manyth text is asked a second time, later. */
const REPEAT_EVERY = 3;
/** How many texts later. */
const REPEAT_AFTER = 8;

/** A closed loop of distinct and repeated texts over keep-alive connections that remembers every answer. */
export class SteadyLoad {
  readonly answers: TimedAnswer[] = [];
  /** Requests that got no answer at all. */
  readonly broken: unknown[] = [];
  private readonly clients: Client[];
  private readonly running: Promise<unknown>;
  private isStopping = false;
  private sent = 0;

  /** Begins; it goes on until `stop()`, and no longer than the test. */
  constructor(private readonly options: SteadyLoadOptions) {
    this.clients = options.ports.map((port) => new Client(port));
    const connections = options.connections ?? 4 * this.clients.length;
    endWithTheTest(() => (this.isStopping = true));
    this.running = Promise.all(
      Array.from({ length: connections }, (_, k) => this.keepAsking(this.clients[k % this.clients.length]!)),
    );
  }

  /** Resolves when the last request is answered. */
  async stop(): Promise<void> {
    this.isStopping = true;
    await this.running;
    this.clients.forEach((client) => client.close());
  }

  /** What is answered within the next `ms`. */
  async during(ms: number): Promise<TimedAnswer[]> {
    const from = this.answers.length;
    await sleep(ms);
    await setImmediate(); // what came in while this process stood still counts
    return this.answers.slice(from);
  }

  /** How many answers had each status. */
  statuses(): Record<number, number> {
    const counts: Record<number, number> = {};
    for (const { status } of this.answers) {
      counts[status] = (counts[status] ?? 0) + 1;
    }
    return counts;
  }

  private async keepAsking(client: Client): Promise<void> {
    while (!this.isStopping) {
      const startedMs = performance.now();
      try {
        const { status, headers, json } = await client.infer({ text: this.nextText() }, this.options.headers);
        const endedMs = performance.now();
        this.answers.push({ endedMs, tookMs: endedMs - startedMs, status, headers, json });
      } catch (error) {
        this.broken.push(error);
        await sleep(50);
      }
      await sleep(this.options.pauseMs ?? 5);
    }
  }

  private nextText(): string {
    const k = this.sent++;
    const which = k % REPEAT_EVERY === 0 && k >= REPEAT_AFTER ? k - REPEAT_AFTER : k;
    return `Text ${which} of the ${this.options.name ?? 'load'}: what a wonderful day`;
  }
}

/** The middle of what the answers took. */
export function medianMs(answers: readonly TimedAnswer[]): number {
  const sorted = answers.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
