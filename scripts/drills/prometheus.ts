import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../test-support/free-port.js';
import { toolPath } from '../test-support/tools.js';
import { fasterRules } from './faster-rules.js';
import type { ActiveAlert } from './stack.js';

/** Folder of the rules that operators have, too. */
const RULES = resolve('deploy/prometheus/rules');
/** Scrapes and evaluations come as often as every so many seconds would in the time of the alerts. */
const SCRAPE_SECONDS = 30;
const START_TIMEOUT_MS = 30_000;

/** What is scraped: for each job the address of each WORKER_ID. */
export type ScrapeJobs = Record<string, Record<string, string>>;

/** A real Prometheus with Falcon's own alerts, whose time runs faster. */
export class DrillPrometheus {
  private constructor(
    private readonly url: string,
    private readonly child: ChildProcess,
  ) {}

  static async start(folder: string, factor: number, jobs: ScrapeJobs): Promise<DrillPrometheus> {
    const program = toolPath('prometheus');
    if (program === undefined)
      throw new Error('Alerts need Prometheus, and it is not here: run scripts/tools.sh first.');
    const rules = join(folder, 'rules');
    mkdirSync(rules, { recursive: true });
    for (const file of readdirSync(RULES)) {
      writeFileSync(join(rules, file), fasterRules(readFileSync(join(RULES, file), 'utf8'), factor));
    }
    const config = join(folder, 'prometheus.json'); // JSON is YAML
    writeFileSync(config, JSON.stringify(configOf(rules, (SCRAPE_SECONDS * 1000) / factor, jobs)));
    const port = await freePort();
    const log = openSync(join(folder, 'prometheus.log'), 'w');
    const child = spawn(
      program,
      [
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(folder, 'tsdb')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--log.level=warn',
      ],
      { stdio: ['ignore', log, log] },
    );
    const prometheus = new DrillPrometheus(`http://127.0.0.1:${port}`, child);
    await prometheus.whenReady(folder, Object.values(jobs).flatMap(Object.keys).length);
    return prometheus;
  }

  /** Alerts that are pending or fire. */
  alerts(): Promise<ActiveAlert[]> {
    return activeAlerts(this.url);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await exited;
  }

  /** Waits until it has seen every target, and every alert has been looked at. */
  private async whenReady(folder: string, targets: number): Promise<void> {
    const giveUpAt = performance.now() + START_TIMEOUT_MS;
    while (!(await this.hasSeen(targets).catch(() => false))) {
      if (this.child.exitCode !== null || performance.now() > giveUpAt) {
        throw new Error(`Prometheus did not start: ${readFileSync(join(folder, 'prometheus.log'), 'utf8')}`);
      }
      await sleep(100);
    }
  }

  private async hasSeen(targets: number): Promise<boolean> {
    const seen = (await ask(this.url, 'query?query=count(up==1)')) as { result: { value: [number, string] }[] };
    const rules = (await ask(this.url, 'rules')) as { groups: { lastEvaluation: string }[] };
    return (
      seen.result[0]?.value[1] === String(targets) &&
      rules.groups.every(({ lastEvaluation }) => !lastEvaluation.startsWith('0001'))
    );
  }
}

/** What a Prometheus says of its alerts. */
export async function activeAlerts(url: string): Promise<ActiveAlert[]> {
  const { alerts } = (await ask(url, 'alerts')) as {
    alerts: { state: ActiveAlert['state']; labels: Record<string, string> }[];
  };
  return alerts.map(({ state, labels }) => ({ name: labels['alertname'] ?? '', state, labels }));
}

async function ask(url: string, what: string): Promise<unknown> {
  const response = await fetch(`${url}/api/v1/${what}`);
  const { data, error } = (await response.json()) as { data?: unknown; error?: string };
  if (data === undefined) throw new Error(`Prometheus was asked ${what}: ${error}`);
  return data;
}

function configOf(rules: string, scrapeMs: number, jobs: ScrapeJobs) {
  const every = `${Math.round(scrapeMs)}ms`;
  return {
    global: { scrape_interval: every, scrape_timeout: every, evaluation_interval: every },
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
}
