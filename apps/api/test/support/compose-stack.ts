import { spawnSync } from 'node:child_process';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../../../scripts/test-support/free-port.js';
import { PROJECT_DIR } from '../../../../scripts/test-support/program.js';
import { run } from '../../../../scripts/test-support/run.js';
import { temporaryFolder } from '../../../../scripts/test-support/temporary-folder.js';
import { describeWhere } from '../../../../scripts/test-support/tools.js';
import { describeWithDocker, isAtHand, waitUntil } from './docker.js';
import { ledgerLines } from './ledger-check.js';
import type { LedgerClient } from './ledger-client.js';

/** What the stack can do without, where a machine has no image of it. */
const DISPENSABLE = ['prometheus', 'grafana'];
/** Of which the image is built. */
const BASES = ['node:24-bookworm-slim', 'debian:bookworm-slim'];
const SETTLE_TIMEOUT_MS = 120_000;
/** What is asked for here is whether requests fail, not how much one machine that runs everything can do. */
const SETTINGS = [
  'RATE_LIMIT_ENABLED=false',
  'LOAD_SHEDDING=off',
  'AUDIT_APPEND_TIMEOUT_MS=30000',
  'INFERENCE_WORKERS=1',
];

interface ComposeFile {
  services: Record<string, { image?: string; build?: object }>;
}

/** `describe` where Docker Compose can run the project's stack; elsewhere the tests are skipped, and that is said. */
export function describeWithCompose(name: string, tests: () => void): void {
  const images = Object.entries(imagesOfServices()).filter(([service]) => !DISPENSABLE.includes(service));
  if (images.length === 0) {
    describeWhere(false, 'there is no Docker Compose', name, tests);
    return;
  }
  describeWithDocker([...BASES, ...new Set(images.map(([, image]) => image))], name, tests);
}

/** The images that services bring from elsewhere; none where there is no Docker Compose. */
function imagesOfServices(): Record<string, string> {
  const options = { cwd: PROJECT_DIR, encoding: 'utf8' } as const;
  const { status, stdout } = spawnSync('docker', ['compose', 'config', '--format', 'json'], options);
  if (status !== 0) return {};
  const services = Object.entries((JSON.parse(stdout) as ComposeFile).services);
  const falcon = services.find(([, { build }]) => build)?.[1].image;
  return Object.fromEntries(
    services.flatMap(([name, { image }]) => (image && image !== falcon ? [[name, image]] : [])),
  );
}

/** The stack of docker-compose.yml, with ports, secrets and volumes of its own. */
export class ComposeStack {
  private readonly folder = temporaryFolder();

  private constructor(
    /** Where clients are to ask. */
    readonly port: number,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /** Chooses ports, and starts nothing yet; the image of Falcon must be there when it is started. */
  static async prepare(image: string): Promise<ComposeStack> {
    const [port, statusPort, prometheusPort, grafanaPort] = await Promise.all(Array.from({ length: 4 }, freePort));
    const stack = new ComposeStack(port!, {
      ...process.env,
      COMPOSE_PROJECT_NAME: `falcon-test-${process.pid}`,
      FALCON_IMAGE: image,
      EDGE_SUBNET: `10.204.${process.pid % 256}.0/24`,
      NGINX_SITE_FILE: './unlimited.conf', // the limits of one address, which all of the load comes from
      NGINX_PORT: String(port),
      NGINX_STATUS_PORT: String(statusPort),
      PROMETHEUS_PORT: String(prometheusPort),
      GRAFANA_PORT: String(grafanaPort),
    });
    stack.copyFiles();
    return stack;
  }

  /** Starts all of it and waits until it is healthy. */
  async up(): Promise<void> {
    await this.script('secrets');
    await this.compose('up', '--detach', '--wait', ...this.servicesAtHand());
  }

  /** Runs `docker compose` for this stack and gives what it printed. */
  compose(...args: string[]): Promise<string> {
    return this.do(['docker', 'compose', ...args]);
  }

  /** Runs the project's own script for the stack. */
  script(...args: string[]): Promise<string> {
    return this.do(['scripts/compose.sh', ...args]);
  }

  /** Runs a command in the container of a service. */
  exec(service: string, ...command: string[]): Promise<string> {
    return this.compose('exec', '--no-TTY', service, ...command);
  }

  /** One statement in the stack's own Postgres. */
  query(sql: string): Promise<string> {
    return this.exec('postgres', 'psql', '-U', 'falcon', '-d', 'falcon_inference', '-Atc', sql);
  }

  /** Version that a worker says it is. */
  async versionOf(service: string): Promise<string> {
    const ask =
      "fetch('http://127.0.0.1:8000/').then((answer) => answer.json()).then(({ version }) => console.log(version))";
    return this.exec(service, 'node', '--eval', ask);
  }

  /** Waits until the table has a row for everything that clients were answered; gives what `falcon audit verify` says. */
  async verify(clients: readonly LedgerClient[]): Promise<string> {
    const ledger = `${ledgerLines(clients, []).join('\n')}\n`;
    const args = ['docker', 'compose', 'exec', '--no-TTY', 'audit-worker', 'falcon', 'audit', 'verify', '-'];
    return waitUntil(
      async () => (await run(args, { cwd: this.folder, env: this.env, input: ledger })).stdout,
      (said) => said.includes(' 0 missing'),
      SETTLE_TIMEOUT_MS,
    );
  }

  /** Ends it and removes all that it has left. */
  async down(): Promise<void> {
    await this.compose('down', '--volumes', '--timeout', '1');
  }

  private copyFiles(): void {
    for (const path of ['docker-compose.yml', 'deploy', 'scripts/compose.sh']) {
      cpSync(join(PROJECT_DIR, path), join(this.folder, path), { recursive: true });
    }
    writeFileSync(join(this.folder, '.env'), SETTINGS.join('\n'));
    writeFileSync(join(this.folder, 'unlimited.conf'), '');
  }

  private servicesAtHand(): string[] {
    const images = imagesOfServices();
    const missing = DISPENSABLE.filter((service) => !images[service] || !isAtHand(images[service]));
    if (missing.length === 0) return []; // all there are, by the plain command
    process.stderr.write(`The stack is started without ${missing.join(' and ')}, of which there is no image.\n`);
    const others = Object.keys(images).filter((service) => !missing.includes(service));
    return [...others, 'worker-1', 'worker-2', 'worker-3', 'audit-worker'];
  }

  private async do(command: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await run(command, { cwd: this.folder, env: this.env });
    if (code !== 0) {
      const { stdout: logs } = await run(['docker', 'compose', 'logs', '--tail', '20'], {
        cwd: this.folder,
        env: this.env,
      });
      throw new Error(`${command.join(' ')} ended with ${code}:\n${stdout}${stderr}${logs}`);
    }
    return stdout.trim();
  }
}
