import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestPrometheus } from '../test-support/prometheus.js';
import type { LoadOptions } from './drill-load.js';
import { programEnvironment } from './environment.js';
import { activeAlerts, watchFaster } from './prometheus.js';
import { runShell } from './run-shell.js';
import type { ActiveAlert, ShellResult, Stack, Verb } from './stack.js';

/** What is asked of a stack of containers. */
export interface ComposeStackOptions {
  factor: number;
  /** Bash that defines the runbook's words for Compose. */
  words: string;
  /** A caller's key, where the stack asks for one. */
  apiKey?: string;
}

const SERVERS = ['worker-1', 'worker-2', 'worker-3'];
/** Four connections with this pause stay below a tenant's rate limit as it ships. */
const PAUSE_MS = 300;

/** What Compose reads when it is not told which files to take: an operator's own changes, such as keys, are in the second. */
export function composeFiles(folder = '.'): string[] {
  return ['docker-compose.yml', 'docker-compose.override.yml'].filter((file) => existsSync(join(folder, file)));
}

/** The stack of docker-compose.yml, which is running already, seen by a Prometheus of the drill's own. */
export class ComposeStack implements Stack {
  readonly isOwn = false;
  private readonly folder = mkdtempSync(join(tmpdir(), 'falcon-drill-'));
  private prometheus?: TestPrometheus;
  private url = '';

  private constructor(private readonly options: ComposeStackOptions) {}

  static async open(options: ComposeStackOptions): Promise<ComposeStack> {
    const stack = new ComposeStack(options);
    try {
      await stack.find();
      return stack;
    } catch (error) {
      await stack.close();
      throw error;
    }
  }

  get factor(): number {
    return this.options.factor;
  }

  get load(): LoadOptions {
    return { url: this.url, apiKey: this.options.apiKey, pauseMs: PAUSE_MS };
  }

  async control(verb: Verb, part: string, settings?: Record<string, string>): Promise<void> {
    if (!settings) {
      await this.must(`svc ${verb} ${part}`);
      return;
    }
    const override = join(this.folder, 'override.json'); // JSON is YAML
    writeFileSync(override, JSON.stringify({ services: { [part]: { environment: settings } } }));
    const files = [...composeFiles(), override].map((file) => `-f '${file}'`).join(' ');
    await this.must(`docker compose ${files} up -d --no-deps --wait --force-recreate ${part}`);
  }

  throttle(): Promise<void> {
    return Promise.reject(
      new Error('The time that containers get of a CPU is not dealt out coarsely enough for this.'),
    );
  }

  sql(statement: string): Promise<string> {
    return this.said(`sql "$STATEMENT"`, { STATEMENT: statement });
  }

  async alerts(): Promise<ActiveAlert[]> {
    return this.prometheus ? activeAlerts(this.prometheus.url) : [];
  }

  shell(commands: string, env: Record<string, string> = {}): Promise<ShellResult> {
    return runShell(`${this.options.words}\n${commands}`, this.environment(env));
  }

  async must(commands: string, env?: Record<string, string>): Promise<void> {
    await this.said(commands, env);
  }

  newKey(): Promise<string> {
    return Promise.reject(new Error('A drill makes keys for a stack of its own only.'));
  }

  async unrecorded(requestIds: readonly string[]): Promise<string> {
    const ids = requestIds.map((id) => `'${id}'`).join(',');
    const statement = `SELECT count(DISTINCT request_id) FROM inference_logs WHERE request_id IN (${ids})`;
    const missing = requestIds.length - Number(await this.sql(statement));
    return missing > 0 ? `${missing} of ${requestIds.length} answers have no row.` : '';
  }

  async close(): Promise<void> {
    await this.prometheus?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async find(): Promise<void> {
    this.url = `http://${(await this.said('docker compose port nginx 80')).trim()}`;
    const addresses = await Promise.all(SERVERS.map((name) => this.addressOf(name)));
    this.prometheus = await watchFaster(this.factor, {
      'falcon-workers': Object.fromEntries(SERVERS.map((name, index) => [name, addresses[index] ?? ''])),
      'falcon-audit-worker': { 'audit-worker': await this.addressOf('audit-worker') },
    });
  }

  private async addressOf(part: string): Promise<string> {
    return new URL((await this.said(`url ${part}`)).trim()).host;
  }

  private async said(commands: string, env?: Record<string, string>): Promise<string> {
    const { code, stdout, output } = await runShell(`${this.options.words}\n${commands}`, this.environment(env));
    if (code !== 0) throw new Error(`This ended with ${code}: ${commands}\n${output}`);
    return stdout;
  }

  private environment(env: Record<string, string> = {}): NodeJS.ProcessEnv {
    return programEnvironment({ API_KEY: this.options.apiKey, ...env });
  }
}
