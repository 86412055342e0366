import { AuditDatabase } from '../src/database/audit-database.js';
import { EmbeddedPostgres } from '../src/database/embedded/embedded-postgres.js';
import type { PostgresConnection } from '../src/database/postgres-connection.js';
import { makeDataDir } from './data-dir.js';
import { plantCluster } from './planted-cluster.js';
import { recordingLog } from './recording-log.js';

/** A real Postgres in a folder of its own, until `stop`. */
export async function startPostgres(): Promise<{
  connection: PostgresConnection;
  dataDir: string;
  stop(): Promise<void>;
}> {
  const dataDir = makeDataDir();
  await plantCluster(dataDir);
  const postgres = await EmbeddedPostgres.start({ dataDir, log: recordingLog() });
  return {
    connection: postgres.connection,
    dataDir,
    stop: () => postgres.stop(),
  };
}

/** The database of the audit log with its tables, connected. */
export async function connectedDatabase(connection: PostgresConnection): Promise<AuditDatabase> {
  const options = { connection, poolSize: 4, operationTimeoutMs: 5000, migrate: true };
  const database = new AuditDatabase(options, recordingLog());
  await database.connect();
  return database;
}
