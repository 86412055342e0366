import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { LatencyHistogram } from '../load/latency-histogram.js';
import { wordMixes } from '../load/texts.js';
import { type MixedRequest, MixedRequests } from './mixed-requests.js';
import { type Stage, totalSeconds, usersAt } from './profile.js';

/** A user reads the answer for so long before the next request, evenly between the two. */
const PAUSE_MS = { least: 100, most: 500 };
const TIMEOUT_MS = 30_000;
const LOOK_MS = 100;

/** Whom the users ask, and how. */
export interface UsersPlan {
  url: URL;
  stages: readonly Stage[];
  seed: number;
  headers?: Record<string, string>;
}

/** What the users have got. */
export interface Outcome {
  seconds: number;
  requests: number;
  answered: number;
  failedPercent: number;
  /** By status; what had none is counted by what went wrong. */
  endings: Record<string, number>;
  p50Ms: number;
  p95Ms: number;
  p99Ms: number;
  maxMs: number;
}

/** Told of each request that was answered with 200. */
export type OnAnswered = (request: MixedRequest, latencyMs: number) => void;

/** Users who ask, read the answer and ask again, each on a connection of its own. */
export class VirtualUsers {
  private readonly latencies = new LatencyHistogram();
  private readonly endings = new Map<string, number>();
  private readonly beginnings: readonly string[];
  private readonly agent: HttpAgent | HttpsAgent;
  private readonly startedMs = performance.now();
  private isStopped = false;

  constructor(
    private readonly plan: UsersPlan,
    private readonly onAnswered: OnAnswered = () => undefined,
  ) {
    this.beginnings = wordMixes({ texts: 'different', seed: plan.seed }).map(String);
    this.agent = new (plan.url.protocol === 'https:' ? HttpsAgent : HttpAgent)({ keepAlive: true });
  }

  /** Resolves when the last user has its last answer. */
  async run(): Promise<Outcome> {
    const most = Math.max(...this.plan.stages.map(({ users }) => users));
    await Promise.all(Array.from({ length: most }, (_, index) => this.live(index)));
    this.agent.destroy();
    return this.outcome();
  }

  /** Nobody asks any more, whatever was planned. */
  stop(): void {
    this.isStopped = true;
  }

  /** What they have got so far. */
  outcome(): Outcome {
    const requests = [...this.endings.values()].reduce((sum, count) => sum + count, 0);
    const answered = this.latencies.count;
    return {
      seconds: this.elapsed(),
      requests,
      answered,
      failedPercent: requests === 0 ? 100 : ((requests - answered) / requests) * 100,
      endings: Object.fromEntries(this.endings),
      p50Ms: this.latencies.percentileMs(0.5),
      p95Ms: this.latencies.percentileMs(0.95),
      p99Ms: this.latencies.percentileMs(0.99),
      maxMs: this.latencies.maxMs(),
    };
  }

  private async live(index: number): Promise<void> {
    const { stages, seed } = this.plan;
    const requests = new MixedRequests(seed * 1000 + index, this.beginnings);
    while (!this.isStopped && this.elapsed() < totalSeconds(stages)) {
      if (index < usersAt(stages, this.elapsed())) {
        await this.ask(requests.next());
        await sleep(PAUSE_MS.least + Math.random() * (PAUSE_MS.most - PAUSE_MS.least));
      } else {
        await sleep(LOOK_MS);
      }
    }
  }

  private async ask(request: MixedRequest): Promise<void> {
    const askedMs = performance.now();
    const ending = await this.send(request).catch((error: NodeJS.ErrnoException) => error.code ?? error.message);
    this.endings.set(ending, (this.endings.get(ending) ?? 0) + 1);
    if (ending !== '200') return;
    const latencyMs = performance.now() - askedMs;
    this.latencies.record(latencyMs);
    this.onAnswered(request, latencyMs);
  }

  /** Resolves to the status once the whole answer is there. */
  private send({ path, headers, body }: MixedRequest): Promise<string> {
    const { url, headers: more } = this.plan;
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const options = { method: 'POST', agent: this.agent, timeout: TIMEOUT_MS, headers: { ...headers, ...more } };
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const sent = send(new URL(path, url), options, (response) => {
      response.on('end', () => resolve(String(response.statusCode))).on('error', reject);
      response.resume();
    });
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
    sent.on('error', reject);
    sent.end(body);
    return promise;
  }

  private elapsed(): number {
    return (performance.now() - this.startedMs) / 1000;
  }
}
