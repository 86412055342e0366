import { queryOnce } from '../../test-support/postgres-access.js';
import { startPostgres } from '../../test-support/postgres.js';
import { recordingLog } from '../../test-support/recording-log.js';
import { clientConfig, type PostgresConnection } from '../database/postgres-connection.js';
import type { EmbeddedConnection } from '../database/embedded/postmaster.js';
import { Availability } from './availability.js';
import { PostgresQueuePool } from './postgres-queue-pool.js';
import { availabilityOf } from './queue-server.js';

jest.setTimeout(60_000);

describe('PostgresQueuePool', () => {
  let postgres: { connection: PostgresConnection; stop(): Promise<void> };

  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres.stop());

  it('survives a connection that is cut while it is in use', async () => {
    const { connection } = postgres;
    const availability = new Availability('Queue', recordingLog());
    const pool = new PostgresQueuePool({ connection, max: 2, timeoutMs: 1000, patient: false }, availability);
    const client = await pool.connect();
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const ended = new Promise((resolve) => client.once('end', resolve));
    await queryOnce(clientConfig(connection), `SELECT pg_terminate_backend(${rows[0]?.pid})`);
    await ended;
    await expect(client.query('SELECT 1')).rejects.toThrow(/not queryable|terminated|closed/);
    client.release();
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await pool.end();
  });

  it('says which right it lacks to make its schema, and needs it once', async () => {
    const run = (sql: string) => queryOnce(clientConfig(postgres.connection), sql);
    await run('CREATE USER plain');
    await run('CREATE DATABASE plain');
    const connection = { ...(postgres.connection as EmbeddedConnection), user: 'plain', database: 'plain' };
    const open = async () => {
      const availability = availabilityOf({ kind: 'postgres', connection }, recordingLog());
      const pool = new PostgresQueuePool({ connection, max: 2, timeoutMs: 10_000, patient: false }, availability);
      await pool.query('SELECT 1').catch(() => undefined); // the reason says it
      await pool.end();
      return availability.reason;
    };
    expect(await open()).toMatch(
      /may not make the queue's schema .*: GRANT CREATE ON DATABASE to it, or set REDIS_URL/,
    );
    await run('GRANT CREATE ON DATABASE plain TO plain');
    expect(await open()).toBeUndefined();
    await run('REVOKE CREATE ON DATABASE plain FROM plain');
    expect(await open()).toBeUndefined();
  });
});
