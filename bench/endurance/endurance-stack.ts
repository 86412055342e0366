import { createWriteStream, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { Nginx } from '../../scripts/test-support/nginx.js';
import { TestPrometheus } from '../../scripts/test-support/prometheus.js';
import { run } from '../../scripts/test-support/run.js';
import { toolPath } from '../../scripts/test-support/tools.js';
import { BenchServer } from '../bench-server.js';
import { serverEnvironment } from '../config.js';
import type { MixedRequest } from '../load-test/mixed-requests.js';
import type { ProcessUsage } from '../process-usage.js';
import { readMetric } from '../read-metric.js';
import { say } from '../reporting.js';
import { Production } from '../resilience/production.js';
import { settle } from '../settle.js';

/** Caches that are full before memory is judged: how far they grow is configured, and no leak. */
const SMALL_CACHE = { CACHE_MEMORY_BYTES: String(4 * 1024 * 1024) };
const SMALL_CACHE_REDIS = '16mb';
const APIS = ['worker-1', 'worker-2'];
const SCRAPE_MS = 5000;

/** What `falcon audit verify` found. */
export interface Verified {
  answers: number;
  missing: number;
  double: number;
}

/** The compose stack as processes of this machine: nginx, two servers, the audit worker, two Redis, Postgres, and a Prometheus with Falcon's alerts. */
export class EnduranceStack {
  private readonly stops: (() => Promise<void> | void)[] = [];
  private readonly servers: BenchServer[] = [];
  private readonly ledger: WriteStream;
  private production!: Production;
  private nginx: Nginx | undefined;
  private prometheus: TestPrometheus | undefined;
  private readonly startedAt = new Date();

  private constructor(private readonly logFolder: string) {
    this.ledger = createWriteStream(join(logFolder, 'ledger.txt'));
  }

  static async start(logFolder: string): Promise<EnduranceStack> {
    const stack = new EnduranceStack(logFolder);
    try {
      await stack.open();
      return stack;
    } catch (error) {
      await stack.stop();
      throw error;
    }
  }

  /** Where clients send their requests. */
  get url(): URL {
    return new URL(`http://127.0.0.1:${this.nginx?.port ?? this.servers[0]?.port}`);
  }

  /** Notes an answer, which must have its rows. */
  note({ requestId, path, texts }: MixedRequest): void {
    const lines = Array.from({ length: texts }, (_, index) =>
      path === '/infer' ? requestId : `${requestId},${index}`,
    );
    this.ledger.write(`${lines.join('\n')}\n`);
  }

  /** What each process takes. */
  usages(): Record<string, ProcessUsage> {
    const { worker, postgres, queue, cache } = this.production.services;
    const servers = Object.fromEntries(this.servers.map((server) => [server.name, server.usage()]));
    return {
      ...servers,
      'audit-worker': worker.usage(),
      'redis-queue': queue.usage(),
      'redis-cache': cache.usage(),
      postgres: postgres.usage(),
    };
  }

  /** The largest value that a server has of a metric. */
  async worst(metric: string): Promise<number> {
    return Math.max(...(await Promise.all(this.servers.map(({ port }) => readMetric(port, metric)))));
  }

  /** Resolves when all that was recorded is in the table. */
  settled(): Promise<void> {
    return settle(this.servers);
  }

  /** Names of the alerts that have fired since the start; undefined when nobody was watching. */
  async firedAlerts(): Promise<string[] | undefined> {
    const seconds = Math.ceil((Date.now() - this.startedAt.getTime()) / 1000);
    const series = await this.prometheus?.query(`count_over_time(ALERTS{alertstate="firing"}[${seconds}s])`);
    return series && [...new Set(series.map(({ labels }) => labels['alertname'] ?? ''))];
  }

  /** Compares the answers that were noted with the table. */
  async verify(): Promise<Verified> {
    await new Promise<void>((resolve) => this.ledger.end(resolve));
    const cli = join(__dirname, '../../apps/cli/src/main.js');
    const command = [process.execPath, cli, 'audit', 'verify', '--json', join(this.logFolder, 'ledger.txt')];
    const { code, stdout, stderr } = await run(command, { env: serverEnvironment(this.production.urls) });
    if (code > 1) throw new Error(stderr); // with 1 it says that there are differences, and which
    return JSON.parse(stdout) as Verified;
  }

  async stop(): Promise<void> {
    this.ledger.destroy();
    for (const stop of this.stops.toReversed()) await stop();
  }

  private async open(): Promise<void> {
    const production = await Production.start(this.logFolder, SMALL_CACHE_REDIS);
    this.production = production;
    this.stops.push(() => production.stop());
    for (const name of APIS) {
      const recipe = production.api(name, { TRUST_PROXY: '127.0.0.1', ...SMALL_CACHE });
      const server = await BenchServer.start(recipe, this.logFolder);
      this.servers.push(server);
      this.stops.push(() => server.stop());
    }
    await this.openAround();
  }

  /** What is around Falcon, where the machine has it. */
  private async openAround(): Promise<void> {
    if (toolPath('nginx') === undefined) say('There is no nginx (scripts/tools.sh): all requests go to worker-1.');
    else {
      const nginx = await Nginx.start({ workers: this.servers.map(({ port }) => port) });
      this.nginx = nginx;
      this.stops.push(() => nginx.stop());
    }
    if (toolPath('prometheus') === undefined) say('There is no prometheus (scripts/tools.sh): no alert is looked at.');
    else {
      const prometheus = await TestPrometheus.start({ jobs: this.jobs(), intervalMs: SCRAPE_MS });
      this.prometheus = prometheus;
      this.stops.push(() => prometheus.stop());
    }
  }

  private jobs(): Record<string, Record<string, string>> {
    const address = ({ port }: BenchServer) => `127.0.0.1:${port}`;
    return {
      'falcon-workers': Object.fromEntries(this.servers.map((server) => [server.name, address(server)])),
      'falcon-audit-worker': { 'audit-worker-1': address(this.production.services.worker) },
    };
  }
}
