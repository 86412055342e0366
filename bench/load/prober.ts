import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { LatencyHistogram } from './latency-histogram.js';

const INTERVAL_MS = 20;

/** Asks a server for a probe again and again, as an impatient cluster would, and keeps the latencies. */
export class Prober {
  readonly latencies = new LatencyHistogram();
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });
  private running = true;
  private readonly done: Promise<void>;

  constructor(
    private readonly port: number,
    private readonly path = '/healthz',
  ) {
    this.done = this.probe();
    this.done.catch(() => undefined); // stop() tells
  }

  /** Rejects when an answer was not a 200. */
  async stop(): Promise<void> {
    this.running = false;
    await this.done;
    this.agent.destroy();
  }

  private async probe(): Promise<void> {
    while (this.running) {
      const startedMs = performance.now();
      await this.ask();
      this.latencies.record(performance.now() - startedMs);
      await sleep(INTERVAL_MS);
    }
  }

  private ask(): Promise<void> {
    return new Promise((resolve, reject) => {
      const request = get({ port: this.port, host: '127.0.0.1', path: this.path, agent: this.agent }, (response) => {
        response.resume().once('end', () => {
          if (response.statusCode === 200) resolve();
          else reject(new Error(`${this.path} answered ${response.statusCode}`));
        });
      });
      request.once('error', reject);
    });
  }
}
