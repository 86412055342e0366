import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../../scripts/test-support/seeded-random.js';
import { arrivals } from './arrivals.js';
import { LatencyHistogram } from './latency-histogram.js';
import { OpenConnection, type OpenConnectionListener } from './open-connection.js';
import { type OpenJob, type OpenResult, SLICE_MS } from './open-job.js';
import { type Ending, OpenTally } from './open-tally.js';
import { RequestSource } from './request-source.js';
import { wordMixes } from './texts.js';

/** How often requests that are due are sent; finer than the timers of Node can be. */
const TICK_MS = 1;
const SWEEP_MS = 20;
/** Node closes a connection that is idle for 5 s, maybe just when a request is sent on it: it is given up before. */
const MOST_IDLE_MS = 4000;

interface OpenRequest {
  dueMs: number;
  tallies: readonly OpenTally[];
  source: RequestSource;
}

/** One open load from the first arrival to the last answer. */
export class OpenRun implements OpenConnectionListener {
  private readonly phases: { all: OpenTally; critical: OpenTally }[];
  private readonly slices: OpenTally[];
  private readonly late = new LatencyHistogram();
  private readonly idle: OpenConnection[] = [];
  private readonly busy = new Map<OpenConnection, OpenRequest>();
  private waiting: OpenRequest[] = [];
  private readonly random: () => number;
  private readonly sources: { normal: RequestSource; critical: RequestSource };

  constructor(private readonly job: OpenJob) {
    const totalMs = job.phases.reduce((sum, { durationMs }) => sum + durationMs, 0);
    this.phases = job.phases.map(() => ({ all: new OpenTally(), critical: new OpenTally() }));
    this.slices = Array.from({ length: Math.ceil(totalMs / SLICE_MS) }, () => new OpenTally());
    this.random = seededRandom(job.seed);
    const plan = { ...job, texts: 'different' as const };
    const mixes = wordMixes(plan);
    const headers = 'X-Priority: critical\r\n';
    this.sources = {
      normal: new RequestSource(plan, { first: 0, step: 2 }, mixes),
      critical: new RequestSource({ ...plan, headers }, { first: 1, step: 2 }, mixes),
    };
  }

  async run(): Promise<OpenResult> {
    const sweep = setInterval(() => this.sweep(performance.now()), SWEEP_MS);
    const cpuBefore = process.cpuUsage();
    await this.sendAll(performance.now());
    while (this.busy.size > 0) await sleep(SWEEP_MS);
    const cpu = process.cpuUsage(cpuBefore);
    clearInterval(sweep);
    for (const connection of this.idle) connection.close();
    return {
      phases: this.phases.map(({ all, critical }) => ({ all: all.counts(), critical: critical.counts() })),
      slices: this.slices.map((slice) => slice.counts()),
      lateP99Ms: this.late.percentileMs(0.99),
      generatorCpuMs: (cpu.user + cpu.system) / 1000,
    };
  }

  answered(connection: OpenConnection, status: number): void {
    this.end(connection, status);
    const next = this.waiting.shift();
    if (next) this.send(connection, next);
    else this.idle.push(connection);
  }

  lost(connection: OpenConnection): void {
    if (this.busy.has(connection)) this.end(connection, 'failed');
    else this.idle.splice(this.idle.indexOf(connection), 1);
    this.replace();
  }

  private async sendAll(startedMs: number): Promise<void> {
    for (const { atMs, phase } of arrivals(this.job.phases, this.random)) {
      const dueMs = startedMs + atMs;
      while (performance.now() < dueMs) await sleep(TICK_MS);
      this.late.record(performance.now() - dueMs);
      this.arrive(dueMs, [this.phases[phase]!, this.slices[Math.floor(atMs / SLICE_MS)]!]);
    }
  }

  private arrive(dueMs: number, [{ all, critical }, slice]: [{ all: OpenTally; critical: OpenTally }, OpenTally]) {
    const isCritical = this.random() < this.job.criticalShare;
    const tallies = isCritical ? [all, slice, critical] : [all, slice];
    for (const tally of tallies) tally.arrive();
    const request = { dueMs, tallies, source: this.sources[isCritical ? 'critical' : 'normal'] };
    const connection = this.idle.pop() ?? this.open();
    if (connection) this.send(connection, request);
    else this.waiting.push(request);
  }

  private open(): OpenConnection | undefined {
    if (this.busy.size + this.idle.length >= this.job.connections) return undefined;
    return new OpenConnection(this.job.port, this);
  }

  private send(connection: OpenConnection, request: OpenRequest): void {
    this.busy.set(connection, request);
    connection.send(Buffer.from(request.source.bytes()), performance.now());
  }

  private end(connection: OpenConnection, ending: Ending): void {
    settle(this.busy.get(connection)!, ending, performance.now());
    this.busy.delete(connection);
  }

  /** A connection is gone: what waits for one gets another. */
  private replace(): void {
    const connection = this.waiting.length > 0 ? this.open() : undefined;
    if (connection) this.send(connection, this.waiting.shift()!);
  }

  /** Callers that have waited too long leave, whether their request was sent or not. */
  private sweep(nowMs: number): void {
    const oldestDueMs = nowMs - this.job.timeoutMs;
    const stays = this.waiting.findIndex(({ dueMs }) => dueMs > oldestDueMs); // they wait in the order of arrival
    const leaving = this.waiting.splice(0, stays === -1 ? this.waiting.length : stays);
    for (const request of leaving) settle(request, 'timed out', nowMs);
    for (const [connection, { dueMs }] of this.busy) {
      if (dueMs > oldestDueMs) continue;
      this.end(connection, 'timed out');
      connection.close();
      this.replace();
    }
    // The one that was used last is on top.
    while (this.idle[0] && this.idle[0].usedMs < nowMs - MOST_IDLE_MS) this.idle.shift()!.close();
  }
}

function settle({ dueMs, tallies }: OpenRequest, ending: Ending, nowMs: number): void {
  for (const tally of tallies) tally.end(ending, nowMs - dueMs);
}
