import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { end, endWithTheFile, isRunning } from './children.js';
import { freePort } from './free-port.js';
import { runTool, toolPath } from './tools.js';
import { until } from './until.js';

const SHIPPED = resolve('deploy/nginx');
/** A client that is under load alone is no crowd of clients. */
const NO_LIMITS = '';

/** A line of nginx's access log. */
export interface AccessLine {
  request_id: string;
  status: number;
  client_ip: string;
  /** Addresses of the workers that were asked, in their order, with commas between them. */
  upstream: string;
  /** What they answered. */
  upstream_status: string;
}

/** What a test asks of its nginx. */
export interface NginxOptions {
  /** Ports of the workers. */
  workers: readonly number[];
  /** Content of site.conf; without it nobody is limited. `shipped` is that of the project. */
  site?: string;
}

/** A real nginx with the configuration of deploy/nginx; what differs is where it listens and who the workers are. */
export class Nginx {
  private server?: ChildProcess;
  private output = '';

  private constructor(
    private readonly folder: string,
    readonly port: number,
    /** Where operators ask. */
    readonly operatorsPort: number,
  ) {}

  /** Starts one that listens on free ports. */
  static async start(options: NginxOptions): Promise<Nginx> {
    const folder = mkdtempSync(join(tmpdir(), 'falcon-nginx-'));
    chmodSync(folder, 0o755); // started by root, its workers are another user
    const nginx = new Nginx(folder, await freePort(), await freePort());
    nginx.configure(options);
    await nginx.launch();
    return nginx;
  }

  /** What it has logged of the requests. */
  lines(): AccessLine[] {
    const whole = readFileSync(this.accessLog(), 'utf8').split('\n').slice(0, -1);
    return whole.map((line) => JSON.parse(line) as AccessLine);
  }

  /** Waits for the lines of a request. */
  linesOf(requestId: string): Promise<AccessLine[]> {
    return until(() => {
      const lines = this.lines().filter(({ request_id }) => request_id === requestId);
      return lines.length > 0 && lines;
    });
  }

  /** Ends it, and removes its folder. */
  async stop(): Promise<void> {
    await end(this.server, 'SIGTERM', 'close');
    rmSync(this.folder, { recursive: true, force: true });
  }

  private configure({ workers, site = NO_LIMITS }: NginxOptions): void {
    cpSync(SHIPPED, this.folder, { recursive: true });
    this.edit('nginx.conf', [
      [/listen 80\b/, `listen 127.0.0.1:${this.port}`],
      [/listen 8080\b/, `listen 127.0.0.1:${this.operatorsPort}`],
      [/ \/tmp\//g, ` ${this.folder}/`],
      [/access_log \/dev\/stdout/, `access_log ${this.accessLog()}`], // which must be a pipe, and Node's is a socket
    ]);
    this.edit('upstream.conf', [
      [/^keepalive_min_timeout .*$/m, ''], // of a newer nginx than Debian's
      [/server workers:8000 resolve (.*;)/, workers.map((port) => `server 127.0.0.1:${port} $1`).join('\n    ')],
    ]);
    if (site !== 'shipped') {
      writeFileSync(join(this.folder, 'site.conf'), site);
    }
    runTool('nginx', ['-t', ...this.args()]);
  }

  private edit(name: string, edits: readonly (readonly [RegExp, string])[]): void {
    const file = join(this.folder, name);
    let content = readFileSync(file, 'utf8');
    for (const [what, instead] of edits) {
      if (content.search(what) === -1) {
        throw new Error(`${name} has no ${String(what)}: this test no longer knows the file.`);
      }
      content = content.replace(what, instead);
    }
    writeFileSync(file, content);
  }

  private accessLog(): string {
    return join(this.folder, 'access.log');
  }

  private args(): string[] {
    return ['-p', this.folder, '-c', join(this.folder, 'nginx.conf')];
  }

  private async launch(): Promise<void> {
    const server = spawn(toolPath('nginx') ?? 'nginx', [...this.args(), '-g', 'daemon off;']);
    this.server = server;
    endWithTheFile(server, 'SIGTERM'); // takes its workers with it
    server.stdout.setEncoding('utf8').on('data', (chunk: string) => (this.output += chunk));
    server.stderr.setEncoding('utf8').on('data', (chunk: string) => (this.output += chunk));
    const isHopeless = () => !isRunning(server);
    const complaint = async () => {
      await this.stop();
      return `nginx did not start:\n${this.output}`;
    };
    await until(() => this.answers(), { isHopeless, complaint });
  }

  private async answers(): Promise<boolean> {
    try {
      return (await fetch(`http://127.0.0.1:${this.operatorsPort}/health`)).ok;
    } catch {
      return false; // not yet
    }
  }
}
