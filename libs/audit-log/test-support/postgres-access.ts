import { Client, type ClientConfig } from 'pg';
import { openClusterFolder } from '../src/database/embedded/cluster-folder.js';
import { embeddedConnection as connectionTo, type EmbeddedConnection } from '../src/database/embedded/postmaster.js';
import { isServer, notedPid } from '../src/database/embedded/postmaster-file.js';
import { processTree } from '../../../scripts/test-support/process-tree.js';

/** Runs one statement over a connection of its own. */
export async function queryOnce<Row extends object>(
  connection: ClientConfig,
  sql: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const client = new Client({ ...connection, connectionTimeoutMillis: 5000, application_name: 'falcon test' });
  client.on('error', () => undefined); // the statement rejects with it
  try {
    await client.connect();
    return (await client.query<Row>(sql, values)).rows;
  } finally {
    client.end().catch(() => undefined);
  }
}

/** Keeps everybody else from a table until the lock is disposed of. */
export async function lockTable(connection: ClientConfig, table: string): Promise<AsyncDisposable> {
  const client = new Client(connection);
  client.on('error', () => undefined); // its server ends before the lock
  await client.connect();
  await client.query(`BEGIN; LOCK TABLE ${table}`);
  return { [Symbol.asyncDispose]: () => client.end() };
}

/** How to reach the embedded Postgres of a data folder. */
export function embeddedConnection(dataDir: string): EmbeddedConnection {
  return connectionTo(openClusterFolder(dataDir));
}

/** All processes of the embedded Postgres of a data folder; none while it does not run. */
export function embeddedProcesses(dataDir: string): number[] {
  const folder = openClusterFolder(dataDir);
  const pid = notedPid(folder);
  return isServer(folder, pid) ? processTree(pid) : [];
}
