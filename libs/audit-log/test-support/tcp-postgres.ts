import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { openClusterFolder, prepareSocketFolder } from '../src/database/embedded/cluster-folder.js';
import { SERVER_ENVIRONMENT } from '../src/database/embedded/cluster.js';
import { findBinaries, prepareBinaries } from '../src/database/embedded/server-binaries.js';
import { endWithTheFile } from '../../../scripts/test-support/children.js';
import { freePort } from '../../../scripts/test-support/free-port.js';
import { processTree, signalAll } from '../../../scripts/test-support/process-tree.js';
import { until } from '../../../scripts/test-support/until.js';
import { makeDataDir } from './data-dir.js';
import { plantCluster } from './planted-cluster.js';

/** Password of the user `falcon`, with characters that a URL must escape. */
export const TCP_PASSWORD = 'right:p@ss/word';

/** A Postgres as operators have one: on a port, with a password. */
export interface TcpPostgres {
  /** URL with the password and the database `falcon`; or of somebody else, or another database. */
  url(parts?: { user?: string; password?: string; database?: string }): string;
  readonly port: number;
  /** Of its first process, since it was last started. */
  readonly pid: number;
  start(): Promise<void>;
  /** Sends the signal to the server and all its processes; none if it does not run. */
  signal(signal: NodeJS.Signals): void;
  /** Kills the server, with all its processes or its first one alone, and waits until it is gone. */
  kill(whom?: 'all' | 'postmaster'): Promise<void>;
  /** Runs statements as the owner of everything. */
  sql(...statements: string[]): Promise<void>;
  /** Kills the server and removes its folder. */
  remove(): Promise<void>;
}

/** What is asked of it. */
export interface TcpPostgresOptions {
  /** Lines of postgresql.conf. */
  settings?: Record<string, string>;
  /** File for what it says; without one it is lost. */
  logFile?: string;
}

const START_TIMEOUT_MS = 60_000;

/** Makes one and starts it. */
export async function startTcpPostgres({ settings: more, logFile }: TcpPostgresOptions = {}): Promise<TcpPostgres> {
  const dataDir = makeDataDir();
  const folder = openClusterFolder(dataDir);
  const native = await prepareBinaries(findBinaries(), folder);
  await plantCluster(dataDir);
  prepareSocketFolder(folder);
  writeFileSync(join(folder.data, 'pg_hba.conf'), 'local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n');
  const port = await freePort();
  const place = { listen_addresses: '127.0.0.1', port, unix_socket_directories: folder.socket, max_connections: 50 };
  for (const [name, value] of Object.entries({ ...more, ...place })) {
    appendFileSync(join(folder.data, 'postgresql.conf'), `${name} = '${value}'\n`);
  }
  const output = logFile === undefined ? 'ignore' : openSync(logFile, 'w');
  const running = new TcpServer({ program: join(native, 'bin/postgres'), output }, folder, port);
  await running.start();
  await running.sql(`ALTER USER falcon PASSWORD '${TCP_PASSWORD}'`, 'CREATE DATABASE falcon');
  return Object.assign(running, {
    remove: async () => {
      await running.kill();
      rmSync(dataDir, { recursive: true, force: true });
    },
  });
}

class TcpServer implements Omit<TcpPostgres, 'remove'> {
  private exited: Promise<unknown> = Promise.resolve();
  pid = 0;
  private isRunning = false;

  constructor(
    private readonly command: { program: string; output: 'ignore' | number },
    private readonly folder: ReturnType<typeof openClusterFolder>,
    readonly port: number,
  ) {}

  url({ user = 'falcon', password = TCP_PASSWORD, database = 'falcon' } = {}): string {
    return `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${this.port}/${database}`;
  }

  async start(): Promise<void> {
    const answers = () => {
      if (!this.isRunning) this.launch(); // again while the last processes of a killed one are still leaving
      return this.answers();
    };
    const complaint = async () => {
      await this.kill();
      return `Postgres did not start in "${this.folder.data}".`;
    };
    await until(answers, { timeoutMs: START_TIMEOUT_MS, complaint });
  }

  signal(signal: NodeJS.Signals): void {
    if (this.isRunning) signalAll(processTree(this.pid), signal);
  }

  async kill(whom: 'all' | 'postmaster' = 'all'): Promise<void> {
    if (this.isRunning && whom === 'postmaster') process.kill(this.pid, 'SIGKILL');
    else this.signal('SIGKILL');
    await this.exited;
  }

  private launch(): void {
    const { program, output } = this.command;
    const { data, user } = this.folder;
    const stdio = ['ignore' as const, output, output];
    const child = spawn(program, ['-D', data], { ...user, cwd: '/', env: SERVER_ENVIRONMENT, stdio });
    endWithTheFile(child);
    this.pid = child.pid ?? 0;
    this.isRunning = true;
    this.exited = once(child, 'exit').then(() => (this.isRunning = false));
  }

  private async answers(): Promise<boolean> {
    try {
      await this.sql('SELECT 1');
      return true;
    } catch {
      return false; // not yet
    }
  }

  async sql(...statements: string[]): Promise<void> {
    for (const statement of statements) {
      const { socket: host } = this.folder;
      const client = new Client({ host, port: this.port, user: 'falcon', database: 'postgres' });
      client.on('error', () => undefined); // the server is killed under it
      try {
        await client.connect();
        await client.query(statement);
      } finally {
        await client.end().catch(() => undefined); // it may never have been open
      }
    }
  }
}
