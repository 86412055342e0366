import { once } from 'node:events';
import { Agent, type IncomingMessage, request as httpRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../../../scripts/test-support/until.js';
import { endWithTheTest } from './end-with-the-test.js';

/** What a client knows of a request whose answer has arrived whole. */
export interface LedgerEntry {
  status: number;
  /** Code of the error, if it was one. */
  code: string | undefined;
  /** How many texts POST /infer/batch had; undefined for POST /infer. */
  texts: number | undefined;
}

/** How the load is. */
export interface LedgerOptions {
  /** Where the servers are; each connection stays with one. */
  ports: readonly number[];
  /** @default 8 */
  connections?: number;
  /** Pause of each connection between two requests. @default 20 */
  pauseMs?: number;
  /** Whether it sometimes leaves before its answer. @default false */
  hangsUp?: boolean;
  /** Distinguishes the request ids of several clients. @default 'client' */
  name?: string;
}

/** Every so manyth connection is broken by the client itself, at once. */
const HANG_UP_EVERY = 25;
/** Every so manyth request is a batch. */
const BATCH_EVERY = 10;
const BATCH_TEXTS = 5;
const RECONNECT_MS = 100;

/** A steady load of distinct requests that remembers which of them were answered, and how. */
export class LedgerClient {
  /** Requests whose answer arrived whole, by their id. */
  readonly answered = new Map<string, LedgerEntry>();
  /** Requests whose connection broke before: whether they were answered nobody knows. */
  readonly unanswered = new Set<string>();
  private readonly agent: Agent;
  private running: Promise<unknown> = Promise.resolve();
  private isStopping = false;
  private sent = 0;
  /** What each answer took. */
  private readonly tookMs: number[] = [];

  constructor(private readonly options: LedgerOptions) {
    this.agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  }

  /** Begins; it goes on until `stop()`, and no longer than the test. */
  start(): this {
    const { ports, connections = 8 } = this.options;
    this.isStopping = false;
    endWithTheTest(() => (this.isStopping = true));
    this.running = Promise.all(
      Array.from({ length: connections }, (_, index) => this.keepAsking(ports[index % ports.length]!)),
    );
    return this;
  }

  /** Resolves when the last request is answered or broken. */
  async stop(): Promise<void> {
    this.isStopping = true;
    await this.running;
  }

  /** Sends so many requests, one after the other on each connection, and resolves when all are done. */
  async send(requests: number): Promise<void> {
    const { ports, connections = 8 } = this.options;
    let left = requests;
    const ask = async (port: number) => {
      while (left-- > 0) {
        await this.ask(port);
      }
    };
    await Promise.all(Array.from({ length: connections }, (_, index) => ask(ports[index % ports.length]!)));
  }

  /** Waits until so many more requests have been answered. */
  async waitForAnswers(more: number, timeoutMs = 60_000): Promise<void> {
    const wanted = this.answered.size + more;
    const complaint = () => `Only ${this.answered.size} of ${wanted} requests were answered in time.`;
    await until(() => this.answered.size >= wanted, { timeoutMs, complaint });
  }

  /** Sends a request of the caller's own. */
  async ask(
    port: number,
    asked: { text?: string; texts?: string[] } = this.nextBody(),
  ): Promise<LedgerEntry | undefined> {
    const id = `${this.options.name ?? 'client'}.${++this.sent}`;
    const startMs = performance.now();
    try {
      const entry = await this.exchange(port, id, asked);
      this.answered.set(id, entry);
      this.tookMs.push(performance.now() - startMs);
      return entry;
    } catch {
      this.unanswered.add(id);
      return undefined;
    }
  }

  /** Longest time that an answer took. */
  get slowestMs(): number {
    return this.tookMs.reduce((slowest, ms) => Math.max(slowest, ms), 0);
  }

  /** What 19 of 20 answers took at most: a pause of a busy machine holds up one on each connection, whoever waits for a service all. */
  get p95Ms(): number {
    return this.tookMs.toSorted((a, b) => a - b)[Math.floor(0.95 * this.tookMs.length)] ?? NaN;
  }

  /** How many answers had each status. */
  statuses(): Record<number, number> {
    const counts: Record<number, number> = {};
    for (const { status } of this.answered.values()) {
      counts[status] = (counts[status] ?? 0) + 1;
    }
    return counts;
  }

  /** How many rows there should be: one for each text that was answered. */
  texts(): number {
    return [...this.answered.values()].reduce((sum, { texts }) => sum + (texts ?? 1), 0);
  }

  private async keepAsking(port: number): Promise<void> {
    while (!this.isStopping) {
      const answer = await this.ask(port);
      await sleep(answer ? (this.options.pauseMs ?? 20) : RECONNECT_MS);
    }
  }

  private nextBody(): { text?: string; texts?: string[] } {
    const text = (index: number) => `Request ${this.sent} of the load, text ${index}: what a wonderful day`;
    return this.sent % BATCH_EVERY === 0
      ? { texts: Array.from({ length: BATCH_TEXTS }, (_, index) => text(index)) }
      : { text: text(0) };
  }

  private async exchange(port: number, id: string, asked: { text?: string; texts?: string[] }): Promise<LedgerEntry> {
    const body = JSON.stringify(asked);
    const outgoing = httpRequest({
      host: '127.0.0.1',
      port,
      method: 'POST',
      path: asked.texts ? '/infer/batch' : '/infer',
      agent: this.agent,
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), 'x-request-id': id },
    });
    outgoing.on('error', () => undefined); // whoever waits for the answer, or for its end, rejects with it
    outgoing.end(body);
    if (this.options.hangsUp && this.sent % HANG_UP_EVERY === 0) {
      outgoing.once('finish', () => outgoing.destroy());
    }
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
    const content = await text(incoming);
    if (!incoming.complete) {
      throw new Error('The answer was cut off.');
    }
    const { code } = JSON.parse(content) as { code?: string };
    return { status: incoming.statusCode ?? 0, code, texts: asked.texts?.length };
  }
}
