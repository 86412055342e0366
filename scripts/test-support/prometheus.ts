import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { end, endWithTheFile, isRunning } from './children.js';
import { freePort } from './free-port.js';
import { toolPath } from './tools.js';
import { until } from './until.js';

/** Folder of the rules that operators have, too. */
const RULES = resolve('deploy/prometheus/rules');

/** What a Prometheus is to do. */
export interface TestPrometheusOptions {
  /** For each job the address of each WORKER_ID. */
  jobs: Record<string, Record<string, string>>;
  /** How often targets are scraped and rules are evaluated. @default 1000 */
  intervalMs?: number;
  /** Changes the text of each file of rules. */
  changeRules?: (text: string) => string;
}

/** One series of an answer; an instant one has a single point. */
export interface QueriedSeries {
  labels: Record<string, string>;
  points: { timeSeconds: number; value: number }[];
}

/** A rule as Prometheus has understood it. */
export interface LoadedRule {
  type: 'alerting' | 'recording';
  name: string;
  query: string;
  health: string;
  lastError?: string;
}

type Matrix = { metric: Record<string, string>; value?: [number, string]; values?: [number, string][] }[];

/** A real Prometheus of the test's own on a free port, with Falcon's rules. */
export class TestPrometheus {
  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly child: ChildProcess,
  ) {}

  /** Starts one and waits until it answers. */
  static async start(options: TestPrometheusOptions): Promise<TestPrometheus> {
    const program = toolPath('prometheus');
    if (program === undefined) throw new Error('there is no prometheus: install one, or run scripts/tools.sh');
    const folder = mkdtempSync(join(tmpdir(), 'falcon-prometheus-'));
    const [port, output] = [await freePort(), openSync(join(folder, 'log'), 'w')];
    const args = [
      `--config.file=${writeConfig(folder, options)}`,
      `--storage.tsdb.path=${join(folder, 'tsdb')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=warn',
    ];
    const child = spawn(program, args, { stdio: ['ignore', output, output] });
    endWithTheFile(child);
    const prometheus = new TestPrometheus(port, folder, child);
    await prometheus.whenReady();
    return prometheus;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** What an expression is now. */
  async query(expression: string): Promise<QueriedSeries[]> {
    return queryPrometheus(this.url, 'query', { query: expression });
  }

  /** Its rules, as they are after the latest evaluation. */
  async rules(): Promise<LoadedRule[]> {
    const { groups } = await askPrometheus<{ groups: { rules: LoadedRule[] }[] }>(this.url, 'rules');
    return groups.flatMap(({ rules }) => rules);
  }

  /** Ends it and removes its folder. */
  async stop(): Promise<void> {
    await end(this.child, 'SIGKILL');
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  private async whenReady(): Promise<void> {
    const isReady = async () => (await fetch(`${this.url}/-/ready`).catch(() => undefined))?.ok;
    const isHopeless = () => !isRunning(this.child);
    const complaint = async () => {
      const log = readFileSync(join(this.folder, 'log'), 'utf8');
      await this.stop();
      return `Prometheus did not start:\n${log}`;
    };
    await until(isReady, { isHopeless, complaint });
  }
}

/** Asks a Prometheus for series: `query` at one time, `query_range` over a span. */
export async function queryPrometheus(
  url: string,
  kind: 'query' | 'query_range',
  parameters: Record<string, string>,
): Promise<QueriedSeries[]> {
  const { result } = await askPrometheus<{ result: Matrix }>(url, kind, parameters);
  return result.map(({ metric, value, values = value ? [value] : [] }) => ({
    labels: metric,
    points: values.map(([timeSeconds, text]) => ({ timeSeconds, value: Number(text) })),
  }));
}

/** Asks a Prometheus's HTTP API; throws with its words when it has no data. */
export async function askPrometheus<Data>(
  url: string,
  what: string,
  parameters: Record<string, string> = {},
): Promise<Data> {
  const response = await fetch(`${url}/api/v1/${what}?${new URLSearchParams(parameters).toString()}`);
  const { data, error } = (await response.json()) as { data?: Data; error?: string };
  if (data === undefined) throw new Error(`Prometheus was asked ${what} ${JSON.stringify(parameters)}: ${error}`);
  return data;
}

function writeConfig(folder: string, { jobs, intervalMs = 1000, changeRules = String }: TestPrometheusOptions): string {
  const rules = join(folder, 'rules');
  mkdirSync(rules);
  for (const file of readdirSync(RULES)) {
    writeFileSync(join(rules, file), changeRules(readFileSync(join(RULES, file), 'utf8')));
  }
  const interval = `${intervalMs}ms`;
  const config = {
    global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval },
    rule_files: [join(rules, '*.yml')],
    scrape_configs: Object.entries(jobs).map(([job, targets]) => ({
      job_name: job,
      honor_labels: true,
      static_configs: Object.entries(targets).map(([worker, address]) => ({
        targets: [address],
        labels: { worker_id: worker },
      })),
    })),
  };
  writeFileSync(join(folder, 'prometheus.json'), JSON.stringify(config)); // JSON is YAML
  return join(folder, 'prometheus.json');
}
