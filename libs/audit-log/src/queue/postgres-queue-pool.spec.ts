import { queryOnce } from '../../test-support/postgres-access.js';
import { startPostgres } from '../../test-support/postgres.js';
import { recordingLog } from '../../test-support/recording-log.js';
import { clientConfig, type PostgresConnection } from '../database/postgres-connection.js';
import { Availability } from './availability.js';
import { PostgresQueuePool } from './postgres-queue-pool.js';

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
});
