import { Client, type ClientBase, type ClientConfig } from 'pg';
import { DataSource } from 'typeorm';
import type { DatabasePlace } from './database-failure.js';
import { DatabaseUnavailableError } from './database.errors.js';
import { DeadLetter } from './dead-letter.entity.js';
import type { EmbeddedConnection } from './embedded/postmaster.js';
import { InferenceLog } from './inference-log.entity.js';
import { MIGRATIONS, MIGRATIONS_TABLE } from './migrations/index.js';

/** How to reach a Postgres: by its URL, or the embedded one. */
export type PostgresConnection = { url: string } | EmbeddedConnection;

/** The same, or a function that is asked before each attempt to connect, and may fail. */
export type ConnectionSource = PostgresConnection | (() => Promise<PostgresConnection>);

/** How to reach it now. */
export async function connectionOf(source: ConnectionSource): Promise<PostgresConnection> {
  return typeof source === 'function' ? source() : source;
}

/** Bounds of the connections to it. */
export interface PoolOptions {
  /** Most connections. */
  size: number;
  /** Longest time to connect, and for a statement; undefined: none for statements. */
  timeoutMs?: number;
}

const CONNECT_TIMEOUT_MS = 5000;
/** How much sooner the server gives up a statement than the client gives up the server. */
const SERVER_FIRST_MS = 250;

/** What `pg` takes to connect. */
export function clientConfig(connection: PostgresConnection): ClientConfig {
  return 'url' in connection ? { connectionString: connection.url } : { ...connection };
}

/** What `pg` takes for a pool whose connections run the settings first; undefined: statements have no bound. */
export function poolConfig(
  connection: PostgresConnection,
  timeoutMs: number | undefined,
  settings: readonly string[] = [],
) {
  return {
    ...clientConfig(connection),
    connectionTimeoutMillis: timeoutMs ?? CONNECT_TIMEOUT_MS,
    keepAlive: true,
    ...(timeoutMs !== undefined && { query_timeout: timeoutMs + SERVER_FIRST_MS }),
    onConnect: (client: ClientBase) => prepareClient(client, timeoutMs, settings),
  };
}

/** Where the connection leads, for messages. */
export function placeOf(connection: PostgresConnection): DatabasePlace {
  try {
    if ('url' in connection && !/^postgres(ql)?:\/\//.test(connection.url)) throw new TypeError('another scheme');
    const { host, port, user = '', database = '' } = new Client(clientConfig(connection));
    return { host, port, user, database };
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    if (code !== undefined && path !== undefined) {
      throw new DatabaseUnavailableError(`POSTGRES_URL names a file that cannot be read: ${path} (${code})`);
    }
    throw new DatabaseUnavailableError(
      'POSTGRES_URL is not a URL of the form postgres://USER:PASSWORD@HOST:PORT/DATABASE (encode special characters as %XX)',
      { cause: (error as Error).name }, // its message quotes the URL with the password
    );
  }
}

/** A TypeORM data source for the tables of the audit log, not connected yet. */
export function createDataSource(
  connection: PostgresConnection,
  pool: PoolOptions,
  onError: (error: Error) => void,
): DataSource {
  return new DataSource({
    type: 'postgres',
    applicationName: 'falcon',
    entities: [InferenceLog, DeadLetter],
    migrations: MIGRATIONS,
    migrationsTableName: MIGRATIONS_TABLE,
    synchronize: false,
    installExtensions: false,
    logging: false,
    poolSize: pool.size,
    poolErrorHandler: onError,
    extra: poolConfig(connection, pool.timeoutMs),
  });
}

async function prepareClient(client: ClientBase, timeoutMs: number | undefined, settings: readonly string[]) {
  // The pool listens only while the connection is idle; one that is cut while in use would end the process otherwise.
  client.on('error', () => undefined); // its statement rejects with it
  // Set by a statement: a pooler in front of Postgres may refuse it as a start-up parameter.
  const all = timeoutMs === undefined ? settings : [...settings, `SET statement_timeout = ${Math.ceil(timeoutMs)}`];
  if (all.length > 0) await client.query(all.join('; '));
}
