import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { letGo } from '../let-go.js';
import { boundLog, readLogFrom, sizeOf } from './bounded-log.js';
import { EMBEDDED_NAME, failureSentence, SERVER_ENVIRONMENT } from './cluster.js';
import { prepareSocketFolder, type ClusterFolder } from './cluster-folder.js';
import { EmbeddedPostgresError, StillStartingError } from './embedded-postgres.errors.js';
import { killOrphanedBackends } from './orphaned-backends.js';
import { isServer, notedPid, removeStaleNote } from './postmaster-file.js';

/** The number in the socket's name; nothing listens on a port. */
const EMBEDDED_PORT = 5432;

/** Connections of all processes together: one under load uses about 14; room for as many again costs 9 MB of shared memory. */
const MAX_CONNECTIONS = 200;
const STOP_TIMEOUT_MS = 8000;
const CONNECT_TIMEOUT_MS = 5000;
const POLL_MS = 25;
/** How long the last backends of a killed server may need to notice. */
const SETTLE_MS = 10_000;
/** Those that have not noticed by then never will. */
const PATIENCE_MS = 2000;
const STILL_SETTLING = /pre-existing shared memory block|lock file ".*" already exists/;

/** How to reach the embedded Postgres: a Unix socket, no port, no password. */
export interface EmbeddedConnection {
  /** Folder of the socket. */
  host: string;
  port: number;
  user: string;
  database: string;
}

/** That of the server of a folder. */
export function embeddedConnection({ socket }: ClusterFolder, database = EMBEDDED_NAME): EmbeddedConnection {
  return { host: socket, port: EMBEDDED_PORT, user: EMBEDDED_NAME, database };
}

/**
 * Starts the server, or finds the one that a killed Falcon left running; resolves when it answers.
 * @throws {StillStartingError} when it does not answer in time; the next one who asks goes on waiting for it.
 */
export async function ensureServer(folder: ClusterFolder, native: string, readyTimeoutMs: number): Promise<void> {
  if (await answersSoon(folder, readyTimeoutMs)) return;
  const startedMs = performance.now();
  for (;;) {
    const failure = await launch(folder, native, readyTimeoutMs);
    if (failure === undefined) return;
    const waitedMs = performance.now() - startedMs;
    if (!STILL_SETTLING.test(failure) || waitedMs > SETTLE_MS) {
      throw new EmbeddedPostgresError(failureSentence(folder, failure));
    }
    if (waitedMs > PATIENCE_MS && !isServer(folder, notedPid(folder))) killOrphanedBackends(folder);
    await sleep(POLL_MS * 4);
  }
}

/** A connection to the server's database `database`. */
export async function connectTo(folder: ClusterFolder, database: string): Promise<Client> {
  const client = new Client({
    ...embeddedConnection(folder, database),
    application_name: 'falcon keeper',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  client.on('error', () => undefined); // a broken connection also ends, which is what the keeper waits for
  try {
    await client.connect();
    return client;
  } catch (error) {
    client.end().catch(() => undefined); // it never was open
    throw error;
  }
}

/** Stops the server and waits until it is gone; connections are cut, what was committed is on disk. */
export async function stopServer(folder: ClusterFolder): Promise<void> {
  const pid = notedPid(folder);
  if (!isServer(folder, pid)) return;
  process.kill(pid, 'SIGINT');
  const deadlineMs = performance.now() + STOP_TIMEOUT_MS;
  while (isServer(folder, pid)) {
    if (performance.now() > deadlineMs) return void process.kill(pid, 'SIGQUIT'); // it recovers at its next start
    await sleep(POLL_MS);
  }
}

/** Whether a server answers; waits for one that is alive but not ready, or on its way out. */
async function answersSoon(folder: ClusterFolder, readyTimeoutMs: number): Promise<boolean> {
  const deadlineMs = performance.now() + readyTimeoutMs;
  for (;;) {
    if (await answers(folder)) return true;
    if (!isServer(folder, notedPid(folder)) && !(await isListening(folder))) return false;
    if (performance.now() > deadlineMs) throw new StillStartingError(folder.path);
    await sleep(POLL_MS);
  }
}

/** Whether a server has the socket: one of another PID namespace, or that was given another path, cannot be told by its process. */
function isListening({ socket }: ClusterFolder): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(join(socket, `.s.PGSQL.${EMBEDDED_PORT}`), () => resolve(true));
    connection.once('error', ({ code }: NodeJS.ErrnoException) =>
      resolve(code !== 'ENOENT' && code !== 'ECONNREFUSED'),
    );
    connection.once('connect', () => connection.destroy());
  });
}

/** Whether the server answers on a connection that there is. */
export async function answersOn(client: Client): Promise<boolean> {
  const answer = client.query('SELECT 1').then(
    () => true,
    () => false,
  );
  return Promise.race([answer, sleep(CONNECT_TIMEOUT_MS, false, { ref: false })]);
}

async function answers(folder: ClusterFolder): Promise<boolean> {
  try {
    await letGo(await connectTo(folder, 'postgres'));
    return true;
  } catch {
    return false; // why not is in the server's log, or there is no server
  }
}

/** Resolves to undefined once the server answers, or to what it logged when it ended before. */
async function launch(folder: ClusterFolder, native: string, readyTimeoutMs: number): Promise<string | undefined> {
  prepareSocketFolder(folder);
  await removeStaleNote(folder);
  boundLog(folder.log);
  const logOffset = sizeOf(folder.log);
  const server = spawnServer(folder, native);
  let end: string | undefined;
  server.on('error', (error) => (end = error.message));
  server.on('exit', (code, signal) => (end = `ended with ${code ?? signal}`));
  const deadlineMs = performance.now() + readyTimeoutMs;
  while (!(await answers(folder))) {
    if (end !== undefined) return readLogFrom(folder.log, logOffset).trim() || end;
    if (performance.now() > deadlineMs) throw new StillStartingError(folder.path);
    await sleep(POLL_MS);
  }
  return undefined;
}

function spawnServer(folder: ClusterFolder, native: string): ChildProcess {
  const settings = {
    listen_addresses: '',
    port: EMBEDDED_PORT,
    unix_socket_directories: folder.socket,
    unix_socket_permissions: '0700',
    shared_buffers: '64MB',
    max_connections: MAX_CONNECTIONS,
    max_wal_size: '512MB',
    log_error_verbosity: 'terse', // details quote rows
    log_min_error_statement: 'panic', // statements carry rows
    log_timezone: 'UTC',
    timezone: 'UTC',
  };
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const log = openSync(folder.log, 'a', 0o600);
  try {
    const server = spawn(join(native, 'bin', 'postgres'), ['-D', folder.data, ...args], {
      ...folder.user,
      cwd: '/',
      env: SERVER_ENVIRONMENT,
      stdio: ['ignore', log, log],
      detached: true, // its own session: Ctrl-C is for Falcon, which needs it to the end
    });
    server.unref();
    return server;
  } finally {
    closeSync(log);
  }
}
