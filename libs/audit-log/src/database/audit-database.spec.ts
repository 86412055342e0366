import { Client } from 'pg';
import { Policy } from '@app/resilience';
import { recordLine } from '../../test-support/audit-rows.js';
import { connectedDatabase } from '../../test-support/postgres.js';
import { recordingLog, type RecordingLog } from '../../test-support/recording-log.js';
import { startTcpPostgres, TCP_PASSWORD, type TcpPostgres } from '../../test-support/tcp-postgres.js';
import { eventually, until } from '../../../../scripts/test-support/until.js';
import { auditPolicyOptions } from '../audit-policies.js';
import { AuditDatabase, type AuditDatabaseOptions } from './audit-database.js';
import { connectClient } from './database-client.js';
import { DatabaseUnavailableError } from './database.errors.js';
import { listPartitions } from './partitions.js';
import { createDataSource } from './postgres-connection.js';
import { INSERT_RECORDS, toJsonArray } from './record-rows.js';

jest.setTimeout(60_000);

/** What a server exceeds that is frozen. */
const IMPATIENT = { operationTimeoutMs: 1000 };

describe('AuditDatabase', () => {
  let postgres: TcpPostgres;
  let log: RecordingLog;
  const open: AuditDatabase[] = [];

  beforeAll(async () => {
    postgres = await startTcpPostgres();
  });

  afterAll(() => postgres.remove());

  beforeEach(() => {
    log = recordingLog();
  });

  afterEach(async () => {
    postgres.signal('SIGCONT');
    await postgres.start();
    await Promise.all(open.splice(0).map((database) => database.close()));
    await postgres.sql('DROP DATABASE IF EXISTS falcon WITH (FORCE)', 'CREATE DATABASE falcon');
  });

  const make = (url: string, options: Partial<AuditDatabaseOptions> = {}, policy?: Policy) => {
    const database = new AuditDatabase(
      { connection: { url }, poolSize: 3, operationTimeoutMs: 10_000, migrate: true, ...options },
      log,
      policy,
    );
    open.push(database);
    return database;
  };

  /** Connects in vain and returns why. */
  const whyNot = async (url: string, options?: Partial<AuditDatabaseOptions>) => {
    const database = make(url, options);
    void database.connect();
    await until(() => database.state.status === 'unavailable');
    await expect(database.check()).rejects.toThrow(DatabaseUnavailableError);
    return database.state.status === 'unavailable' && database.state.reason;
  };

  const execute = async (...statements: string[]) => {
    const client = new Client({ connectionString: postgres.url() });
    await client.connect();
    for (const statement of statements) await client.query(statement);
    await client.end();
  };

  const monthsFromNow = async () => {
    const client = await connectClient({ url: postgres.url() });
    const months = await listPartitions(client);
    await client.end();
    return months;
  };

  it('makes the tables and partitions and is available', async () => {
    const database = make(postgres.url());
    await database.connect();
    expect(database.state).toEqual({ status: 'available' });
    const { rows } = await database.run((client) =>
      client.query("SELECT FROM pg_inherits WHERE inhparent = 'inference_logs'::regclass"),
    );
    expect(rows).toHaveLength(4);
    expect(log.lines).toEqual(['INFO Database available']);
  });

  it('makes them once, however many processes start together', async () => {
    const databases = Array.from({ length: 5 }, () => make(postgres.url()));
    await Promise.all(databases.map((database) => database.connect()));
    expect(databases.map(({ state }) => state.status)).toEqual(Array(5).fill('available'));
    const lines = log.lines.filter((line) => !line.includes('lock timeout')); // which one may have to wait for, and tries again
    expect(lines).toEqual(Array(5).fill('INFO Database available'));
  });

  it('is available although months to come cannot be made, and says which', async () => {
    await make(postgres.url()).connect();
    const [, second, , fourth] = await monthsFromNow();
    await execute(
      `DROP TABLE ${second?.name}`,
      `CREATE TABLE others PARTITION OF inference_logs DEFAULT`,
      `INSERT INTO inference_logs (id, created_at, request_id, worker_id, tenant, text_hash, text_length, cache_hit,
         idempotency_hit, priority, success, status, processing_time_ms)
       VALUES (gen_random_uuid(), to_timestamp(${second?.fromMs} / 1000.0), 'r', 'w', 't', '', 1, false, false, 'normal', true, 200, 1)`,
      `DROP TABLE ${fourth?.name}`,
    );
    const database = make(postgres.url());
    await database.connect();
    expect(database.state).toEqual({ status: 'available' });
    expect(log.lines).toContainEqual(
      expect.stringMatching(`^WARNING The partition ${second?.name} cannot be made \\(.* default partition .*\\): put`),
    );
    expect((await monthsFromNow()).map(({ name }) => name)).toContain(fourth?.name);
  });

  it('has tables that are as the entities say', async () => {
    await make(postgres.url()).connect();
    const dataSource = await createDataSource({ url: postgres.url() }, { size: 2 }, () => undefined).initialize();
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    await dataSource.destroy();
    expect(upQueries).toEqual([]);
  });

  it('says that nothing listens', async () => {
    const url = 'postgres://falcon:secret@127.0.0.1:9/falcon';
    await expect(whyNot(url)).resolves.toBe(
      'Postgres at 127.0.0.1:9/falcon: nothing listens there: is Postgres running?',
    );
  });

  it('says that the host is not known', async () => {
    await expect(whyNot('postgres://falcon:secret@no-such-host.invalid/falcon')).resolves.toMatch(
      /^Postgres at no-such-host\.invalid:5432\/falcon: the host "no-such-host\.invalid" (is not known|cannot be looked up)/,
    );
  });

  it('says that the password is wrong, and keeps it to itself', async () => {
    await expect(whyNot(postgres.url({ password: 'hunter2' }))).resolves.toBe(
      `Postgres at 127.0.0.1:${postgres.port}/falcon: the password of user "falcon" is wrong: correct POSTGRES_URL`,
    );
    expect(log.lines.join()).not.toContain('hunter2');
  });

  it('says that there is no such database', async () => {
    await expect(whyNot(postgres.url({ database: 'elsewhere' }))).resolves.toMatch(
      /there is no database "elsewhere": create it/,
    );
  });

  it('says which permission is missing', async () => {
    await execute(
      `DO $$ BEGIN CREATE USER guest PASSWORD '${TCP_PASSWORD}'; EXCEPTION WHEN duplicate_object THEN END $$`,
    );
    await expect(whyNot(postgres.url({ user: 'guest' }))).resolves.toMatch(
      /user "guest" lacks a permission \(permission denied for schema public\): GRANT CREATE, USAGE ON SCHEMA public TO "guest"/,
    );
  });

  it.each([
    'postgres://falcon:hunter2@[broken/falcon',
    'falcon:hunter2@host/falcon',
    'postgres://falcon:hunter2@host:99999999/falcon',
  ])('says how a URL is written, without quoting %s', async (url) => {
    await expect(whyNot(url)).resolves.toMatch(/^POSTGRES_URL is not a URL of the form/);
    expect(log.lines.join()).not.toContain('hunter2');
  });

  it.each(['sslrootcert', 'sslcert', 'sslkey'])('says which file of %s cannot be read', async (parameter) => {
    await expect(
      whyNot(`postgres://falcon:hunter2@host/falcon?sslmode=verify-full&${parameter}=/etc/ssl/not-there.pem`),
    ).resolves.toBe('POSTGRES_URL names a file that cannot be read: /etc/ssl/not-there.pem (ENOENT)');
    expect(log.lines.join()).not.toContain('hunter2');
  });

  it('leaves a table alone that somebody else made', async () => {
    await execute('CREATE TABLE inference_logs (id serial PRIMARY KEY)');
    await expect(whyNot(postgres.url())).resolves.toMatch(
      /has a table "inference_logs" that this Falcon did not make: move it away \(ALTER TABLE/,
    );
  });

  it('leaves tables alone that a newer Falcon made', async () => {
    await make(postgres.url()).connect();
    await execute("INSERT INTO falcon_migrations (timestamp, name) VALUES (9, 'AddSomething9')");
    await expect(whyNot(postgres.url())).resolves.toMatch(
      /made by a newer Falcon \(migration AddSomething9\): run that version/,
    );
  });

  it.each([true, false])(
    'refuses a database that cannot hold every text, whether it may migrate (%s) or not',
    async (migrate) => {
      await postgres.sql(
        'DROP DATABASE IF EXISTS latin',
        "CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0",
      );
      await expect(whyNot(postgres.url({ database: 'latin' }), { migrate })).resolves.toBe(
        'The encoding of the database is LATIN1, which cannot hold every text: make another ' +
          "(CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0) and name it in POSTGRES_URL",
      );
      expect(open[0]?.fault?.publicReason).toMatch(/LATIN1/);
    },
  );

  it('asks for the migration where it may not do it itself', async () => {
    await expect(whyNot(postgres.url(), { migrate: false })).resolves.toMatch(
      /older than this Falcon .* run "falcon audit migrate"/,
    );
    const { close } = await connectedDatabase({ url: postgres.url() }).then((database) => ({
      close: () => database.close(),
    }));
    await close();
    await until(() => open[0]?.state.status === 'available');
  });

  it('connects once there is a server', async () => {
    await postgres.kill();
    const database = make(postgres.url());
    const connected = database.connect();
    await until(() => database.state.status === 'unavailable');
    await postgres.start();
    await connected;
    expect(log.lines.at(-1)).toBe('INFO Database available');
  });

  it('says once that the server is gone, and once that it is back', async () => {
    const database = make(postgres.url());
    await database.connect();
    await postgres.kill();
    for (let attempt = 0; attempt < 5; attempt++) {
      await expect(database.check()).rejects.toThrow(DatabaseUnavailableError);
    }
    await postgres.start();
    await until(() => database.state.status === 'available');
    await expect(database.check()).resolves.toBeUndefined();
    const [first, ...rest] = log.lines;
    expect([first, rest.at(-1)]).toEqual(['INFO Database available', 'INFO Database available']);
    expect(new Set(rest).size).toBe(rest.length);
  });

  it('waits no longer for a frozen server than it may, and goes on when that thaws', async () => {
    const database = make(postgres.url(), IMPATIENT);
    await database.connect();
    postgres.signal('SIGSTOP');
    const startMs = performance.now();
    await expect(database.check()).rejects.toThrow(/does not answer in time/);
    expect(performance.now() - startMs).toBeLessThan(10_000); // by itself it would not answer at all
    postgres.signal('SIGCONT');
    await until(() => database.state.status === 'available');
  });

  it('closes in time although the server is frozen', async () => {
    const database = make(postgres.url(), IMPATIENT);
    await database.connect();
    postgres.signal('SIGSTOP');
    const startMs = performance.now();
    const checking = database.check();
    checking.catch(() => undefined); // awaited below
    await database.close();
    expect(performance.now() - startMs).toBeLessThan(10_000);
    await expect(checking).rejects.toThrow(DatabaseUnavailableError);
    postgres.signal('SIGCONT');
  });

  it.each([
    ['is read-only', 'ALTER USER writer SET default_transaction_read_only = on', /this Postgres is read-only/],
    ['takes no rows', 'REVOKE INSERT ON inference_logs FROM writer', /user "writer" lacks a permission/],
  ])('is unavailable while it answers and %s, and available after that without a row', async (_, statement, says) => {
    await make(postgres.url()).connect();
    await execute(
      `DO $$ BEGIN CREATE USER writer PASSWORD '${TCP_PASSWORD}'; EXCEPTION WHEN duplicate_object THEN END $$`,
      'GRANT ALL ON ALL TABLES IN SCHEMA public TO writer',
    );
    await execute(statement);
    const database = make(postgres.url({ user: 'writer' }), { migrate: false });
    await database.connect();
    const writing = database.write((client) => client.query(INSERT_RECORDS, [toJsonArray([recordLine()])]));
    await expect(writing).rejects.toThrow(says);
    for (let attempt = 0; attempt < 5; attempt++) {
      await expect(database.check()).rejects.toThrow(says);
      expect(database.state).toMatchObject({ status: 'unavailable', reason: expect.stringMatching(says) as string });
    }
    await execute('ALTER USER writer RESET default_transaction_read_only', 'GRANT INSERT ON inference_logs TO writer');
    await until(() => database.state.status === 'available');
  });

  describe.each([
    ['its disk is full', '53100', /the disk of Postgres is full/],
    ['it makes no new month', '42501', /lacks a permission/],
  ])('is unavailable while %s, which is not to be seen without rows,', (_, code, says) => {
    async function refused(): Promise<AuditDatabase> {
      const database = make(postgres.url());
      await database.connect();
      const refuse = `DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '${code}'; END $$`;
      await expect(database.write((client) => client.query(refuse))).rejects.toThrow(says);
      for (let attempt = 0; attempt < 5; attempt++) {
        await database.check();
        expect(database.state.status).toBe('unavailable');
      }
      return database;
    }

    it('until something is written', async () => {
      const database = await refused();
      await database.write((client) => client.query('SELECT 1'));
      expect(database.state.status).toBe('available');
    });

    it('or until nobody has been refused for a minute', async () => {
      const database = await refused();
      const now = performance.now.bind(performance);
      const clock = jest.spyOn(performance, 'now').mockImplementation(() => now() + 61_000);
      await eventually(() => expect(database.state.status).toBe('available')).finally(() => clock.mockRestore());
    });
  });

  it('gives up a statement that takes too long, which says nothing of the database', async () => {
    const database = make(postgres.url(), IMPATIENT);
    await database.connect();
    // The server says so a quarter of a second before it is given up itself, which a busy machine may take.
    await eventually(async () => {
      await until(() => database.state.status === 'available');
      await expect(database.run((client) => client.query('SELECT pg_sleep(10)'))).rejects.toThrow(
        /a statement took longer than POSTGRES_OPERATION_TIMEOUT_SECONDS/,
      );
      expect(database.state.status).toBe('available');
    });
  });

  it('closes its half-open breaker with what succeeds, however long that may take', async () => {
    let aheadMs = 0;
    const clock = { now: () => performance.now() + aheadMs, random: () => 0.5 };
    const policy = new Policy('postgres', auditPolicyOptions(true).postgres, { clock });
    const database = make(postgres.url(), { operationTimeoutMs: 600_000 }, policy);
    await database.connect();
    policy.breaker?.probe('another replica');
    await database.run(async (client) => {
      await client.query('SELECT 1');
      aheadMs = 600_000;
      expect(policy.breaker?.state).toBe('half_open'); // as a scrape reads it
    });
    expect(policy.breaker?.state).toBe('closed');
  });

  it('survives a connection that is cut while it is in use', async () => {
    const database = make(postgres.url());
    await database.connect();
    const cut = database.run(async (client) => {
      const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      const ended = new Promise((resolve) => client.once('end', resolve));
      await postgres.sql(`SELECT pg_terminate_backend(${rows[0]?.pid})`);
      await ended;
      return client.query('SELECT 1');
    });
    await expect(cut).rejects.toThrow(DatabaseUnavailableError);
    await until(() => database.state.status === 'available');
  });

  it('breaks off what is aborted', async () => {
    const database = make(postgres.url(), { operationTimeoutMs: 30_000 });
    await database.connect();
    const abort = new AbortController();
    const sleeping = database.run((client) => client.query('SELECT pg_sleep(20)'), abort.signal);
    setTimeout(() => abort.abort(), 100);
    await expect(sleeping).rejects.toThrow('The operation was broken off');
    await expect(database.check()).resolves.toBeUndefined();
  });

  it('throws what is neither the server’s nor the way’s as it is', async () => {
    const database = make(postgres.url());
    await database.connect();
    const bug = new TypeError('x is not a function');
    await expect(database.run(() => Promise.reject(bug))).rejects.toBe(bug);
    expect(database.state.status).toBe('available');
  });

  it('shows its pool', async () => {
    const database = make(postgres.url());
    expect(database.pool).toEqual({ size: 0, idle: 0 });
    await database.connect();
    const seen = Promise.withResolvers<void>();
    const busy = database.run(() => seen.promise);
    await until(() => database.pool.size - database.pool.idle === 1);
    seen.resolve();
    await busy;
  });
});
