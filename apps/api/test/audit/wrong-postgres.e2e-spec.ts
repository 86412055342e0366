import { AuditStack } from '../support/audit-stack.js';
import { NO_DIFFERENCES } from '../support/ledger-check.js';
import { LedgerClient } from '../support/ledger-client.js';

jest.setTimeout(120_000);

describe('a Postgres that is not as it should be', () => {
  let stack: AuditStack;

  beforeEach(async () => {
    stack = await AuditStack.open({ postgres: 'now' });
  });
  afterEach(() => stack.close());

  /** The server says what is wrong, answers meanwhile, and writes its records once that is put right. */
  async function serveUntilMended(given: { url: string; says: RegExp; mend: () => Promise<unknown> }) {
    const api = await (await stack.api('api', { POSTGRES_URL: given.url })).start();
    const said = await api.waitForLog(given.says);
    expect(said.level).toBe('WARNING');
    const client = new LedgerClient({ ports: [api.port] });
    await client.send(50);
    expect(client.statuses()).toEqual({ 200: 50 });
    await api.waitForCheck('database', 'unhealthy');
    const readiness = (await (await fetch(`http://127.0.0.1:${api.port}/readyz`)).json()) as object;
    expect(readiness).toMatchObject({ ready: true, checks: { database_available: false } });
    const { stdout } = await stack.falcon('check-health', '--seconds', '0.1', '--url', `http://127.0.0.1:${api.port}`);
    expect(stdout).toContain(
      `The check "database" is unhealthy: ${said.message.slice('Database unavailable: '.length)}`,
    );
    await given.mend();
    return { api, client };
  }

  it('has another password: the log says which user’s, and not what was given', async () => {
    const { api, client } = await serveUntilMended({
      url: stack.postgres!.url({ user: 'writer', password: 'hunter2' }),
      says: /^Database unavailable: .*the password of user "writer" is wrong: correct POSTGRES_URL/,
      mend: () => stack.postgres!.sql("CREATE USER writer PASSWORD 'hunter2' SUPERUSER"),
    });
    expect(await stack.settle([client])).toEqual(NO_DIFFERENCES);
    expect(JSON.stringify(api.logs())).not.toContain('hunter2');
  });

  it('lacks the database: the log says which', async () => {
    const { client } = await serveUntilMended({
      url: stack.postgres!.url({ database: 'elsewhere' }),
      says: /^Database unavailable: .*there is no database "elsewhere": create it/,
      mend: () => stack.postgres!.sql('CREATE DATABASE elsewhere TEMPLATE falcon'),
    });
    await stack.apis[0]!.whenShipped();
    const [row] = await stack.queryIn<{ count: string }>('elsewhere', 'SELECT count(*) FROM inference_logs');
    expect(Number(row?.count)).toBe(client.texts());
  });

  it('is not there: the log says where it was looked for', async () => {
    await stack.postgres!.kill();
    const { client } = await serveUntilMended({
      url: stack.postgres!.url(),
      says: new RegExp(`^Database unavailable: .*127\\.0\\.0\\.1:${stack.postgres!.port}.*nothing listens there`),
      mend: () => stack.postgres!.start(),
    });
    expect(await stack.settle([client])).toEqual(NO_DIFFERENCES);
  });

  it('has a table of that name that somebody else made: it is left alone until it is moved away', async () => {
    await stack.query('CREATE TABLE inference_logs (id serial PRIMARY KEY, note text)');
    await stack.query("INSERT INTO inference_logs (note) VALUES ('not Falcon’s')");
    const { client } = await serveUntilMended({
      url: stack.postgres!.url(),
      says: /has a table "inference_logs" that this Falcon did not make: move it away \(ALTER TABLE inference_logs SET SCHEMA/,
      mend: () => stack.query('CREATE SCHEMA others; ALTER TABLE inference_logs SET SCHEMA others'),
    });
    expect(await stack.settle([client])).toEqual(NO_DIFFERENCES);
    expect(await stack.query('SELECT note FROM others.inference_logs')).toEqual([{ note: 'not Falcon’s' }]);
  });

  it('has the tables of an older version, and they are not to be touched: log and probe say how to mend them', async () => {
    const api = await (await stack.api('api', { AUDIT_MIGRATE: 'false' })).start();
    const says = /The tables are older than this Falcon \(\w+ is missing\): run "falcon audit migrate"/;
    await api.waitForLog(says);
    expect((await api.waitForCheck('database', 'unhealthy')).message).toMatch(says);
    const client = new LedgerClient({ ports: [api.port] });
    await client.send(5);
    expect((await stack.falcon('audit', 'migrate')).code).toBe(0);
    expect(await stack.settle([client])).toEqual(NO_DIFFERENCES);
  });

  it('has the tables of a newer version: they are left alone', async () => {
    const first = await (await stack.api('first')).start();
    await new LedgerClient({ ports: [first.port] }).send(1);
    await stack.waitForRows();
    expect(await first.stop()).toBe(0);
    await stack.query(`INSERT INTO falcon_migrations (timestamp, name) VALUES (9, 'AddSomething9')`);
    const { client } = await serveUntilMended({
      url: stack.postgres!.url(),
      says: /made by a newer Falcon \(migration AddSomething9\): run that version/,
      mend: () => stack.query(`DELETE FROM falcon_migrations WHERE name = 'AddSomething9'`),
    });
    await stack.waitForRows(client.texts() + 1);
  });
});
