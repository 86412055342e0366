import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, until } from '../../../../scripts/test-support/until.js';
import { jobOf, recordLine } from '../../test-support/audit-rows.js';
import { connectedDatabase, startPostgres } from '../../test-support/postgres.js';
import { recordingObserver } from '../../test-support/recording-observer.js';
import type { AuditDatabase } from './audit-database.js';
import { connectClient } from './database-client.js';
import {
  createPartitions,
  dropExpired,
  ensurePartitions,
  listPartitions,
  partitionOf,
  type Partition,
} from './partitions.js';
import type { QueryClient } from './query-client.js';
import { RecordWriter } from './record-writer.js';

jest.setTimeout(60_000);

describe('the partitions', () => {
  let postgres: Awaited<ReturnType<typeof startPostgres>>;
  let database: AuditDatabase;

  beforeAll(async () => {
    postgres = await startPostgres();
    database = await connectedDatabase(postgres.connection);
  });

  afterAll(async () => {
    await database.close();
    await postgres.stop();
  });

  beforeEach(async () => {
    for (const name of await names()) await run((client) => client.query(`DROP TABLE ${name}`));
  });

  /** Names of the months that were made, where none is refused. */
  const ensure = (now: string) =>
    run(async (client) => {
      const { made, refused } = await ensurePartitions(client, new Date(now));
      if (refused[0]) throw refused[0].error;
      return made;
    });

  const run = <T>(work: (client: QueryClient) => Promise<T>) => database.run(work);
  const names = () => run(async (client) => (await listPartitions(client)).map(({ name }) => name));

  const insert = (createdAt: string) =>
    run((client) =>
      client.query(
        `INSERT INTO inference_logs (id, created_at, request_id, worker_id, tenant, text_hash, text_length, cache_hit,
           idempotency_hit, priority, success, status, processing_time_ms)
         VALUES (gen_random_uuid(), $1, 'r', 'w', 't', '', 1, false, false, 'normal', true, 200, 1)`,
        [createdAt],
      ),
    );

  /** Runs a statement in a transaction that lasts until it is told to end. */
  const inTransaction = (sql: string) => {
    const [begun, wanted] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const transaction = run(async (client) => {
      await client.query('BEGIN');
      await client.query(sql);
      begun.resolve();
      await wanted.promise;
      await client.query('COMMIT');
    });
    transaction.catch(begun.reject);
    return {
      begun: begun.promise,
      end: () => {
        wanted.resolve();
        return transaction;
      },
    };
  };

  /** Has a `DETACH ... CONCURRENTLY` given up half-way, as behind a long reader; gives back what completes it. */
  const beginDetachment = async (name: string) => {
    const operator = await connectClient(postgres.connection);
    const { rows } = await operator.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const detach = (how: string) => operator.query(`ALTER TABLE inference_logs DETACH PARTITION ${name} ${how}`);
    const reading = inTransaction('SELECT count(*) FROM inference_logs');
    await reading.begun;
    const detached = detach('CONCURRENTLY').catch((error: Error) => error.message); // it waits for the reader
    await until(async () => (await run(listPartitions))[0]?.isDetaching === true);
    await run((client) => client.query(`SELECT pg_cancel_backend(${rows[0]?.pid})`));
    expect(await detached).toMatch(/user request/);
    await reading.end();
    return async () => {
      await detach('FINALIZE');
      await operator.end();
    };
  };

  it('are made for this month and the next three, over the turn of the year', async () => {
    await expect(ensure('2026-11-30T23:59:59Z')).resolves.toEqual([
      'inference_logs_2026_11',
      'inference_logs_2026_12',
      'inference_logs_2027_01',
      'inference_logs_2027_02',
    ]);
    await expect(ensure('2026-12-01T00:00:00Z')).resolves.toEqual(['inference_logs_2027_03']);
  });

  it('are months of UTC with no gap between them, whatever the time zone of the session', async () => {
    await run(async (client) => {
      await client.query("SET timezone = 'Pacific/Auckland'");
      await ensurePartitions(client, new Date('2026-11-15T00:00:00Z'));
      await client.query('RESET timezone');
    });
    await insert('2026-11-01T00:00:00.000Z');
    await insert('2026-11-30T23:59:59.999999Z');
    await insert('2026-12-01T00:00:00.000Z');
    const { rows } = await run((client) =>
      client.query('SELECT tableoid::regclass::text AS name FROM inference_logs ORDER BY created_at'),
    );
    expect(rows.map(({ name }: { name: string }) => name)).toEqual([
      'inference_logs_2026_11',
      'inference_logs_2026_11',
      'inference_logs_2026_12',
    ]);
  });

  it('have the indexes of the table', async () => {
    await ensure('2026-11-15T00:00:00Z');
    const { rows } = await run((client) =>
      client.query("SELECT indexdef FROM pg_indexes WHERE tablename = 'inference_logs_2026_11'"),
    );
    const columns = rows.map(({ indexdef }: { indexdef: string }) => /\((.*)\)/.exec(indexdef)?.[1]);
    expect(new Set(columns)).toEqual(
      new Set(['created_at', 'id, created_at', 'request_id', 'tenant, created_at', 'worker_id, created_at']),
    );
  });

  it('are made once by many at the same time', async () => {
    // Each waits for a second at most for the one before, and is asked again by who maintains the table.
    const make = () => ensure('2026-11-15T00:00:00Z');
    const made = await Promise.all(Array.from({ length: 4 }, () => eventually(make)));
    expect(made.flat()).toHaveLength(4);
  });

  it('are dropped whole once their last row is older than the retention, not before', async () => {
    const months = ['2026-08', '2026-09', '2026-10', '2026-11'].map((month) => partitionOf(new Date(`${month}-01`)));
    await run((client) => createPartitions(client, months as Partition[]));
    await insert('2026-09-30T12:00:00Z');
    const drop = (now: string) => run((client) => dropExpired(client, 30, new Date(now)));
    await expect(drop('2026-10-30T23:59:59Z')).resolves.toMatchObject({ dropped: ['inference_logs_2026_08'] });
    await expect(drop('2026-10-31T00:00:00Z')).resolves.toMatchObject({ dropped: ['inference_logs_2026_09'] });
    await expect(names()).resolves.toEqual(['inference_logs_2026_10', 'inference_logs_2026_11']);
  });

  it('are not dropped, nor inserts held up for more than one of them, while somebody reads', async () => {
    const months = ['2020-01', '2020-02'].map((month) => partitionOf(new Date(`${month}-01`)) as Partition);
    await run((client) => createPartitions(client, months));
    await ensure('2026-11-15T00:00:00Z');
    const reading = inTransaction('SELECT count(*) FROM inference_logs');
    await reading.begun;
    const drop = () => run((client) => dropExpired(client, 30, new Date('2026-11-15T00:00:00Z')));
    const dropping = drop();
    await sleep(100);
    await insert('2026-11-15T00:00:00Z'); // does not wait for the reader to be done
    await expect(dropping).resolves.toMatchObject({ dropped: [], refused: [{ error: { code: '55P03' } }] });
    await reading.end();
    await expect(drop()).resolves.toEqual({ dropped: months.map(({ name }) => name), refused: [] });
  });

  it('are dropped by the name that they have, and one that cannot be does not keep the others', async () => {
    const months = ['2020-01', '2020-02', '2020-03'].map((month) => partitionOf(new Date(`${month}-01`)));
    await run((client) => createPartitions(client, months as Partition[]));
    await run(async (client) => {
      await client.query('CREATE VIEW january AS SELECT * FROM inference_logs_2020_01');
      await client.query('ALTER TABLE inference_logs_2020_02 RENAME TO "kept_2021_02"');
      await client.query('CREATE SCHEMA "Old rows"');
      await client.query('ALTER TABLE inference_logs_2020_03 SET SCHEMA "Old rows"');
    });
    await expect(run((client) => dropExpired(client, 30, new Date('2026-11-15T00:00:00Z')))).resolves.toMatchObject({
      dropped: ['kept_2021_02', '"Old rows".inference_logs_2020_03'],
      refused: [{ name: 'inference_logs_2020_01', error: { code: '2BP01' } }],
    });
    await run((client) => client.query('DROP VIEW january; DROP SCHEMA "Old rows"'));
  });

  it('are made anew beside months that somebody detached, which stay as they are', async () => {
    const august = partitionOf(new Date('2026-08-01')) as Partition;
    const make = () => run((client) => createPartitions(client, [august]));
    for (const name of ['inference_logs_2026_08', 'inference_logs_2026_08_2']) {
      await expect(make()).resolves.toEqual([name]);
      await insert('2026-08-20T00:00:00Z');
      await run((client) => client.query(`ALTER TABLE inference_logs DETACH PARTITION ${name}`));
    }
    await make();
    await insert('2026-08-20T00:00:00Z');
    const drop = await run((client) => dropExpired(client, 30, new Date('2026-11-15T00:00:00Z')));
    expect(drop).toEqual({ dropped: ['inference_logs_2026_08_3'], refused: [] });
    for (const name of ['inference_logs_2026_08', 'inference_logs_2026_08_2']) {
      await expect(run((client) => client.query(`SELECT FROM ${name}`))).resolves.toMatchObject({ rowCount: 1 });
      await run((client) => client.query(`DROP TABLE ${name}`));
    }
  });

  it('are not dropped when somebody detaches them meanwhile', async () => {
    await run((client) => createPartitions(client, [partitionOf(new Date('2020-01-01')) as Partition]));
    const detach = () =>
      run((client) => client.query('ALTER TABLE inference_logs DETACH PARTITION inference_logs_2020_01'));
    const drop = await run((client) => {
      const query = async (sql: string) => {
        if (sql === 'BEGIN') await detach();
        return client.query(sql);
      };
      return dropExpired({ query } as QueryClient, 30, new Date('2026-11-15T00:00:00Z'));
    });
    expect(drop).toEqual({ dropped: [], refused: [] });
    await run((client) => client.query('DROP TABLE inference_logs_2020_01')); // it is still there
  });

  it('are not dropped while their detachment waits to be completed', async () => {
    await run((client) => createPartitions(client, [partitionOf(new Date('2020-01-01')) as Partition]));
    const complete = await beginDetachment('inference_logs_2020_01');
    const drop = await run((client) => dropExpired(client, 30, new Date('2026-11-15T00:00:00Z')));
    expect(drop).toEqual({ dropped: [], refused: [] });
    await complete();
    await run((client) => client.query('DROP TABLE inference_logs_2020_01'));
  });

  it('keep late records waiting while their detachment waits to be completed', async () => {
    await run((client) => createPartitions(client, [partitionOf(new Date('2026-08-01')) as Partition]));
    const complete = await beginDetachment('inference_logs_2026_08');
    const job = jobOf([recordLine({ created_at: '2026-08-20T00:00:00Z' })]);
    const write = () => new RecordWriter(database, recordingObserver()).write(job);
    await expect(write()).rejects.toThrow(/would overlap partition "inference_logs_2026_08"/);
    await complete();
    await expect(write()).resolves.toEqual({ written: 1, deadLetters: 0 });
    await expect(names()).resolves.toEqual(['inference_logs_2026_08_2']);
    await run((client) => client.query('DROP TABLE inference_logs_2026_08'));
  });

  it('are left to whoever made larger ones, with bounds or without', async () => {
    await run((client) =>
      client.query(`CREATE TABLE years PARTITION OF inference_logs FOR VALUES FROM ('2025-01-01') TO (MAXVALUE);
        CREATE TABLE others PARTITION OF inference_logs DEFAULT`),
    );
    await expect(ensure('2026-11-15T00:00:00Z')).resolves.toEqual([]);
    const drop = await run((client) => dropExpired(client, 30, new Date('2028-11-15T00:00:00Z')));
    expect(drop).toEqual({ dropped: [], refused: [] });
    await run((client) => client.query('DROP TABLE others'));
  });

  it('are made unless others have them in whole, and half a month is not a whole one', async () => {
    const half = (name: string, from: string, to: string) =>
      run((client) =>
        client.query(
          `SET timezone = 'UTC'; CREATE TABLE ${name} PARTITION OF inference_logs FOR VALUES FROM ('${from}') TO ('${to}')`,
        ),
      );
    await half('first_half', '2026-11-01', '2026-11-16');
    await half('new_year', '2027-01-01', '2027-01-02');
    const coming = await run((client) => ensurePartitions(client, new Date('2026-11-15T00:00:00Z')));
    expect(coming).toMatchObject({
      made: ['inference_logs_2026_12', 'inference_logs_2027_02'],
      refused: [
        { name: 'inference_logs_2026_11', error: { message: expect.stringMatching(/overlap partition "first_half"/) } },
        { name: 'inference_logs_2027_01', error: { message: expect.stringMatching(/overlap partition "new_year"/) } },
      ],
    });
    await half('second_half', '2026-11-16', '2026-12-01');
    await half('january', '2027-01-02', '2027-02-01');
    await expect(ensure('2026-11-15T00:00:00Z')).resolves.toEqual([]);
  });

  it('are made while others insert', async () => {
    await ensure('2026-11-15T00:00:00Z');
    const inserting = inTransaction('LOCK TABLE inference_logs IN ROW EXCLUSIVE MODE'); // what an insert holds to its end
    await inserting.begun;
    await expect(ensure('2027-11-15T00:00:00Z')).resolves.toHaveLength(4);
    await inserting.end();
  });

  it('are seen in a Postgres 13, whose catalogue does not know of detachments', async () => {
    await ensure('2026-11-15T00:00:00Z');
    const seen = await run(async (client) => {
      // A temporary table comes before the catalogue; these are the columns of 13.
      await client.query('CREATE TEMPORARY TABLE pg_inherits AS SELECT inhrelid, inhparent, inhseqno FROM pg_inherits');
      const partitions = await listPartitions(client);
      await client.query('DROP TABLE pg_temp.pg_inherits');
      return partitions;
    });
    expect(seen).toEqual(await run(listPartitions));
    expect(seen).toHaveLength(4);
  });

  it('are bounded in number', async () => {
    const months = Array.from({ length: 601 }, (_, month) => partitionOf(new Date(Date.UTC(1990, month))) as Partition);
    await expect(run((client) => createPartitions(client, months))).resolves.toBeUndefined();
    await expect(names()).resolves.toEqual([]);
  });

  it.each(['0001-01-01', '1969-12-31T23:59:59.999Z', '+010000-01-01', 'infinity'])('do not exist for %s', (instant) => {
    expect(partitionOf(new Date(instant))).toBeUndefined();
  });

  it('leave the SQL of the runbook as it is', async () => {
    const now = new Date();
    await ensure(new Date(now.getTime() - 31 * 86_400_000).toISOString());
    await ensure(now.toISOString());
    await insert(now.toISOString());
    await insert(new Date(now.getTime() - 31 * 86_400_000).toISOString());
    const count = async () => {
      const sql = "SELECT count(*) FROM inference_logs WHERE created_at > now() - interval '1 minute'";
      return (await run((client) => client.query(sql))).rows[0] as unknown;
    };
    await expect(count()).resolves.toEqual({ count: '1' });
    const sql = "DELETE FROM inference_logs WHERE created_at < now() - interval '30 days'";
    expect((await run((client) => client.query(sql))).rowCount).toBe(1);
    await expect(count()).resolves.toEqual({ count: '1' });
  });

  it('leave dead letters to the SQL of docs/audit-log.md', async () => {
    const docs = readFileSync(join(__dirname, '../../../../docs/audit-log.md'), 'utf8');
    const [sql = ''] = /^DELETE FROM inference_log_dead_letters .*;$/m.exec(docs) ?? [];
    const query = (text: string) => run((client) => client.query(text));
    await query(
      `INSERT INTO inference_log_dead_letters (id, set_aside_at, sqlstate, reason, format, record)
         VALUES ('old', now() - interval '31 days', '22P02', 'r', 2, '{'), ('new', now(), '22P02', 'r', 2, '{')`,
    );
    await run((client) => dropExpired(client, 30, new Date()));
    expect((await query(sql)).rowCount).toBe(1);
    expect((await query('DELETE FROM inference_log_dead_letters')).rowCount).toBe(1); // the new one
  });
});
