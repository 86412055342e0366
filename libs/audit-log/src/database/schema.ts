import { setTimeout as sleep } from 'node:timers/promises';
import { SchemaMismatchError } from './database.errors.js';
import { MIGRATIONS, MIGRATIONS_TABLE } from './migrations/index.js';
import { AUDIT_TABLE } from './partitions.js';
import { createDataSource, type PostgresConnection } from './postgres-connection.js';
import type { QueryClient } from './query-client.js';

/** Migrations run under this lock, by one process at a time. */
const MIGRATION_LOCK = 0x0fa1_0002;
const LOCK_POLL_MS = 100;

/** Whether the tables are as this version needs them, and if not, which migrations are missing. */
async function pendingMigrations(client: QueryClient): Promise<string[]> {
  const known = MIGRATIONS.map(({ name }) => name);
  const applied = await appliedMigrations(client);
  const unknown = applied.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new SchemaMismatchError(
      `The tables were made by a newer Falcon (migration ${unknown}): run that version; what is recorded waits until then`,
    );
  }
  if (applied.length === 0 && (await exists(client, AUDIT_TABLE))) {
    throw new SchemaMismatchError(
      `The database has a table "${AUDIT_TABLE}" that this Falcon did not make: move it away (ALTER TABLE ${AUDIT_TABLE} SET SCHEMA ...), or give Falcon a database of its own`,
    );
  }
  return known.filter((name) => !applied.includes(name));
}

/** Refuses a database that cannot hold every character: it would hold up all records behind one that it has no characters for. */
export async function requireUtf8(client: QueryClient): Promise<void> {
  const { rows } = await client.query<{ encoding: string }>('SELECT getdatabaseencoding() AS encoding');
  const encoding = rows[0]?.encoding;
  if (encoding === 'UTF8') return;
  throw new SchemaMismatchError(
    `The encoding of the database is ${encoding}, which cannot hold every text: make another ` +
      "(CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0) and name it in POSTGRES_URL",
  );
}

/** Refuses a schema that is not this version's. */
export async function checkSchema(client: QueryClient): Promise<void> {
  const [missing] = await pendingMigrations(client);
  if (missing === undefined) return;
  throw new SchemaMismatchError(
    `The tables are older than this Falcon (${missing} is missing): run "falcon audit migrate"`,
  );
}

/** Brings the schema up to date; several processes may do so at once. Returns the names of the migrations applied. */
export async function migrateSchema(connection: PostgresConnection): Promise<string[]> {
  const dataSource = await createDataSource(connection, { size: 2 }, () => undefined).initialize(); // a lost connection fails the statement
  const runner = dataSource.createQueryRunner();
  try {
    const client = (await runner.connect()) as QueryClient;
    await requireUtf8(client);
    if ((await pendingMigrations(client)).length === 0) return [];
    await waitForLock(client); // released as the connection closes
    if ((await pendingMigrations(client)).length === 0) return [];
    return (await dataSource.runMigrations({ transaction: 'all' })).map(({ name }) => name);
  } finally {
    await runner.release();
    await dataSource.destroy();
  }
}

async function waitForLock(client: QueryClient): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ locked: boolean }>(
      `SELECT pg_try_advisory_lock(${MIGRATION_LOCK}) AS locked`,
    );
    if (rows[0]?.locked) return;
    await sleep(LOCK_POLL_MS);
  }
}

async function appliedMigrations(client: QueryClient): Promise<string[]> {
  if (!(await exists(client, MIGRATIONS_TABLE))) return [];
  const { rows } = await client.query<{ name: string }>(`SELECT name FROM ${MIGRATIONS_TABLE} ORDER BY id`);
  return rows.map(({ name }) => name);
}

async function exists(client: QueryClient, table: string): Promise<boolean> {
  const { rows } = await client.query<{ found: boolean }>('SELECT to_regclass($1) IS NOT NULL AS found', [table]);
  return rows[0]?.found ?? false;
}
