import { Client } from 'pg';
import { describeFailure } from './database-failure.js';
import { DatabaseUnavailableError } from './database.errors.js';
import { clientConfig, placeOf, type PostgresConnection } from './postgres-connection.js';

const CONNECT_TIMEOUT_MS = 5000;

/**
 * One connection, for a person at a terminal, without a limit to what a statement may take; times are UTC.
 * @throws {DatabaseUnavailableError} with a sentence that says what to do
 */
export async function connectClient(connection: PostgresConnection): Promise<Client> {
  const place = placeOf(connection);
  const client = new Client({
    ...clientConfig(connection),
    application_name: 'falcon cli',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  client.on('error', () => undefined); // a statement under way fails as well
  try {
    await client.connect();
    await client.query("SET timezone = 'UTC'");
    return client;
  } catch (error) {
    await client.end().catch(() => undefined); // it never was open
    throw new DatabaseUnavailableError(describeFailure(error, place), { cause: error });
  }
}
