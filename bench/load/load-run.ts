import { setTimeout as sleep } from 'node:timers/promises';
import { Connection, type ConnectionListener } from './connection.js';
import { LatencyHistogram } from './latency-histogram.js';
import type { LoadJob, LoadResult } from './load-job.js';
import { RequestSource } from './request-source.js';
import { wordMixes } from './texts.js';

/** One job from the first connection to the last answer. */
export class LoadRun implements ConnectionListener {
  private readonly histogram = new LatencyHistogram();
  private readonly stopped = Promise.withResolvers<void>();
  private readonly drained = Promise.withResolvers<void>();
  private connections: Connection[] = [];
  private finishedCount = 0;
  private counting = false;
  private stopping = false;

  constructor(private readonly job: LoadJob) {
    // Nobody may be waiting for these yet when they fail; whoever waits is told.
    for (const { promise } of [this.stopped, this.drained]) promise.catch(() => undefined);
  }

  /** `onMeasuring` is called when counting begins; the result is that of the counted time. */
  async measure(onMeasuring: () => void): Promise<LoadResult> {
    const { port, connections, warmupMs, until } = this.job;
    const mixes = wordMixes(this.job);
    this.connections = Array.from({ length: connections }, (_, first) => {
      return new Connection(port, new RequestSource(this.job, { first, step: connections }, mixes), this);
    });
    await Promise.race([sleep(warmupMs), this.stopped.promise]);
    const cpuBefore = process.cpuUsage();
    const startedMs = performance.now();
    this.counting = true;
    onMeasuring();
    if ('durationMs' in until) await Promise.race([sleep(until.durationMs), this.stopped.promise]);
    else await this.stopped.promise;
    const cpu = process.cpuUsage(cpuBefore);
    this.stopping = true;
    return this.result(performance.now() - startedMs, (cpu.user + cpu.system) / 1000);
  }

  /** Resolves when every connection has its last answer and is closed. */
  async drain(): Promise<void> {
    await this.drained.promise;
  }

  answered(latencyMs: number): boolean {
    if (this.stopping) return false;
    if (this.counting) {
      this.histogram.record(latencyMs);
      const { until } = this.job;
      if ('requests' in until && this.histogram.count >= until.requests) {
        this.stopping = true;
        this.stopped.resolve();
      }
    }
    return !this.stopping;
  }

  finished(): void {
    this.finishedCount += 1;
    if (this.finishedCount === this.connections.length) this.drained.resolve();
  }

  failed(error: Error): void {
    this.stopping = true;
    for (const connection of this.connections) connection.close();
    this.stopped.reject(error);
    this.drained.reject(error);
  }

  private result(durationMs: number, generatorCpuMs: number): LoadResult {
    const { histogram } = this;
    return {
      requests: histogram.count,
      durationMs,
      p50Ms: histogram.percentileMs(0.5),
      p99Ms: histogram.percentileMs(0.99),
      maxMs: histogram.maxMs(),
      generatorCpuMs,
    };
  }
}
