import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeDataDir } from '../../../libs/audit-log/test-support/data-dir.js';
import { embeddedProcesses, lockTable, queryOnce } from '../../../libs/audit-log/test-support/postgres-access.js';
import { startTcpPostgres, type TcpPostgres } from '../../../libs/audit-log/test-support/tcp-postgres.js';
import { temporaryFolder } from '../../../scripts/test-support/temporary-folder.js';
import { until } from '../../../scripts/test-support/until.js';
import { falcon, type RunOptions } from './support/falcon.js';

jest.setTimeout(60_000);

const INSERT = `INSERT INTO inference_logs (id, created_at, request_id, batch_index, worker_id, tenant, model, model_version,
    text_hash, text_length, text, prediction, confidence, mode, cache_hit, idempotency_hit, priority, success, status,
    processing_time_ms)
  SELECT $1, $2, $3, $4, 'worker-1', 'anon', 'sentiment', '1', '', 1, $5, 'positive', 0.97, 'fresh', false, false, 'normal',
    true, 200, 1.25`;

describe('falcon audit', () => {
  const folder = temporaryFolder();
  let postgres: TcpPostgres;

  beforeAll(async () => {
    postgres = await startTcpPostgres();
    await audit(['migrate']);
  });

  afterAll(() => postgres.remove());

  beforeEach(() => sql('TRUNCATE inference_logs, inference_log_dead_letters'));

  const audit = (args: string[], options: RunOptions = {}) =>
    falcon(['audit', ...args], { ...options, env: { POSTGRES_URL: postgres.url(), DATA_DIR: folder, ...options.env } });

  const sql = <Row extends object>(text: string, values: unknown[] = []) =>
    queryOnce<Row>({ connectionString: postgres.url() }, text, values);

  const insert = (requestId: string, { createdAt = new Date(), batchIndex = null as number | null, text = '' } = {}) =>
    sql(INSERT, [randomUUID(), createdAt, requestId, batchIndex, text]);

  describe('migrate', () => {
    it('makes the tables, and says when there is nothing to do', async () => {
      await sql('DROP TABLE inference_logs, inference_log_dead_letters, falcon_migrations');
      await expect(audit(['migrate'])).resolves.toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^Applied CreateInferenceLogs/),
      });
      await expect(audit(['migrate'])).resolves.toEqual({
        code: 0,
        stdout: 'The tables are up to date.\n',
        stderr: '',
      });
    });
  });

  describe('status', () => {
    it('shows spools, queue and table', async () => {
      await insert('a');
      await sql(
        `INSERT INTO inference_log_dead_letters (id, sqlstate, reason, format, record) VALUES ('x', '22P02', 'r', 2, '{')`,
      );
      const { code, stdout, stderr } = await audit(['status']);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(/^spool {3}none$/m);
      expect(stdout).toMatch(/^lag {5}0 s$/m);
      expect(stdout).toMatch(/^queue {3}0 jobs waiting, 0 active, 0 put off, 0 failed$/m);
      expect(stdout).toMatch(/^table {3}1 rows in the last minute, last row 20\S+Z, \d+ s ago$/m);
      expect(stdout).toMatch(/^refused 1 records: see the table inference_log_dead_letters$/m);
    });

    it('shows the same as JSON', async () => {
      await insert('a');
      expect(JSON.parse((await audit(['status', '--json'])).stdout)).toMatchObject({
        spools: [],
        lagSeconds: 0,
        queue: { waiting: 0 },
        table: { rowsLastMinute: 1, deadLetters: 0 },
      });
    });

    it('says what cannot be reached, with exit code 2 and without the password', async () => {
      const env = { POSTGRES_URL: postgres.url({ password: 'hunter2' }), REDIS_QUEUE_URL: 'redis://127.0.0.1:9' };
      const { code, stdout, stderr } = await audit(['status'], { env });
      expect(code).toBe(2);
      expect(stdout).toMatch(/^table .*the password of user "falcon" is wrong: correct POSTGRES_URL$/m);
      expect(stdout).toMatch(/^queue .*(ECONNREFUSED|unavailable)/m);
      expect(stdout + stderr).not.toContain('hunter2');
    });

    it('shows queue and table where the spools cannot be read, with exit code 2', async () => {
      const dataDir = join(folder, 'unreadable');
      mkdirSync(dataDir);
      writeFileSync(join(dataDir, 'spool'), ''); // no folder
      const { code, stdout } = await audit(['status'], { env: { DATA_DIR: dataDir } });
      expect(code).toBe(2);
      expect(stdout).toMatch(/^spool {3}ENOTDIR: .*\nlag {5}unknown\nqueue {3}0 jobs waiting.*\ntable {3}0 rows/);
    });

    it('does not know the lag where none of the spools can be read, with exit code 2', async () => {
      const dataDir = join(folder, 'unreadable-spool');
      mkdirSync(join(dataDir, 'spool'), { recursive: true });
      writeFileSync(join(dataDir, 'spool/worker-1-0badcafe'), ''); // no folder
      const { code, stdout } = await audit(['status'], { env: { DATA_DIR: dataDir } });
      expect(code).toBe(2);
      expect(stdout).toMatch(/^spool {3}1, at least .*\n.*worker-1-0badcafe {2}\(cannot be read\)\nlag {5}unknown\n/);
    });
  });

  describe('export', () => {
    it('writes the rows of a range as lines of JSON', async () => {
      for (const day of [1, 2, 3]) await insert(`day-${day}`, { createdAt: new Date(Date.UTC(2026, 10, day)) });
      const { code, stdout } = await audit(['export', '--from', '2026-11-02', '--to', '2026-11-03T00:00:00Z']);
      expect(code).toBe(0);
      expect(stdout.trim().split('\n').map((line) => (JSON.parse(line) as { request_id: string }).request_id)).toEqual(['day-2']); // prettier-ignore
    });

    it('writes CSV to a file', async () => {
      await insert('a', { text: 'one, "two"' });
      const out = join(folder, 'rows.csv');
      await expect(audit(['export', '--format', 'csv', '--out', out])).resolves.toEqual({
        code: 0,
        stdout: '',
        stderr: '',
      });
      const [header, row] = readFileSync(out, 'utf8').split('\r\n');
      expect(header).toMatch(/^id,created_at,request_id,/);
      expect(row).toContain(',"one, ""two""",positive,0.97,');
      expect(existsSync(`${out}.unfinished`)).toBe(false);
    });

    it('leaves no file when it fails', async () => {
      const out = join(folder, 'nothing.csv');
      const { code, stderr } = await audit(['export', '--out', out], {
        env: { POSTGRES_URL: postgres.url({ database: 'nowhere' }) },
      });
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('there is no database "nowhere"') });
      expect([existsSync(out), existsSync(`${out}.unfinished`)]).toEqual([false, false]);
    });

    it.each([
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const)('leaves no file when %s ends it', async (name, code) => {
      const out = join(folder, 'interrupted.csv');
      await using _lock = await lockTable({ connectionString: postgres.url() }, 'inference_logs');
      const when = until(() => existsSync(`${out}.unfinished`));
      await expect(audit(['export', '--out', out], { signal: { name, when } })).resolves.toEqual({
        code,
        stdout: '',
        stderr: '',
      });
      expect([existsSync(out), existsSync(`${out}.unfinished`)]).toEqual([false, false]);
    });
  });

  describe('tail', () => {
    it('shows the last rows and each new one until Ctrl-C', async () => {
      await insert('before', { batchIndex: 2 });
      const onceSeen = { words: /before/, act: () => insert('after') };
      const { code, stdout, stderr } = await audit(['tail'], { onceSeen, interruptAt: /after/ });
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(
        /^20\S+Z {2}200 {2}sentiment\/1 {2}positive 0\.970 fresh {2}1\.3 ms {2}anon {2}before,2\n.* {2}after\n$/,
      );
    });

    it('ends at Ctrl-C although a query of its own does not', async () => {
      await using _lock = await lockTable({ connectionString: postgres.url() }, 'inference_logs');
      const waits = `SELECT FROM pg_stat_activity WHERE application_name = 'falcon cli' AND wait_event_type = 'Lock'`;
      const when = until(async () => (await sql(waits)).length > 0);
      await expect(audit(['tail'], { signal: { name: 'SIGINT', when } })).resolves.toEqual({
        code: 0,
        stdout: '',
        stderr: '',
      });
    });

    it('says so when its connection is lost while nothing comes', async () => {
      await insert('last');
      const terminate = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'falcon cli' AND state = 'idle'`;
      const onceSeen = { words: /last/, act: () => sql(terminate) };
      const { code, stderr } = await audit(['tail'], { onceSeen });
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/^falcon: \S/) });
    });

    it('shows them as lines of JSON', async () => {
      await insert('a');
      await insert('b');
      const { stdout } = await audit(['tail', '--json', '--last', '1'], { interruptAt: /\n/ });
      expect(JSON.parse(stdout)).toMatchObject({ request_id: 'b', batch_index: null, prediction: 'positive' });
    });

    it('begins with no more rows than it can hold, and says what gives more', async () => {
      const { code, stderr } = await audit(['tail', '-n', '10001']);
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('10000 rows at most: export') });
    });
  });

  describe('verify', () => {
    it('finds nothing where ledger and table agree', async () => {
      await insert('a');
      await insert('b', { batchIndex: 0 });
      await insert('b', { batchIndex: 1 });
      await expect(audit(['verify', '-', '--exact'], { input: 'b,1\r\na\n\nb,0\n' })).resolves.toEqual({
        code: 0,
        stdout: '3 answered, 3 rows: 0 missing, 0 double, 0 extra\n',
        stderr: '',
      });
    });

    it('finds what is missing and double, with exit code 1', async () => {
      for (const id of ['a', 'b', 'b', 'extra']) await insert(id);
      const ledger = join(folder, 'ledger');
      writeFileSync(ledger, 'a\nb\nc,7\n');
      const { code, stdout } = await audit(['verify', ledger]);
      expect({ code, lines: stdout.trim().split('\n') }).toEqual({
        code: 1,
        lines: [
          '3 answered, 4 rows: 1 missing, 1 double, 1 extra',
          'missing  c,7  (1 answered, 0 in the table)',
          'double   b  (1 answered, 2 in the table)',
          'extra    extra  (0 answered, 1 in the table)',
        ],
      });
    });

    it('takes a row that the ledger does not have for a difference only where it is asked to', async () => {
      await insert('a');
      await insert('extra');
      await expect(audit(['verify', '-'], { input: 'a\n' })).resolves.toMatchObject({ code: 0 });
      await expect(audit(['verify', '-', '--exact'], { input: 'a\n' })).resolves.toMatchObject({ code: 1 });
    });

    it.each([
      [['-'], 'a\nb c\n', 'line 2 of the ledger is not "request_id" or "request_id,batch_index"'],
      [['/nowhere/ledger'], '', 'the ledger cannot be read: ENOENT'],
    ])('says what is wrong with the ledger %j', async (args, input, sentence) => {
      const { code, stderr } = await audit(['verify', ...args], { input });
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(`falcon: ${sentence}`) });
    });
  });

  it.each([
    [['verify', '-'], 130, 'CREATE TEMPORARY TABLE ledger%'],
    [['tail'], 0, '%ORDER BY created_at, id LIMIT%'],
  ])('ends %j at the first Ctrl-C although Postgres is frozen', async (args, code, lastQuery) => {
    const asked = `SELECT FROM pg_stat_activity WHERE application_name = 'falcon cli' AND state LIKE 'idle%' AND query LIKE $1`;
    const when = until(async () => (await sql(asked, [lastQuery])).length > 0).then(() => postgres.signal('SIGSTOP'));
    try {
      await expect(audit(args, { signal: { name: 'SIGINT', when } })).resolves.toEqual({
        code,
        stdout: '',
        stderr: '',
      });
    } finally {
      postgres.signal('SIGCONT');
    }
  });

  it.each([
    [['export', '--from', 'yesterday'], /'yesterday' is invalid\. An instant is written 15m/],
    [['export', '--format', 'xml'], /Allowed choices are ndjson, csv/],
    [['verify'], /missing required argument 'ledger'/],
    [['burn'], /unknown command 'burn'/],
  ])('ends %j with exit code 2', async (args, words) => {
    const { code, stderr } = await audit(args);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(words) });
  });
});

describe('falcon audit without POSTGRES_URL', () => {
  let dataDir: string;

  beforeEach(() => (dataDir = makeDataDir()));

  const audit = (...args: string[]) => falcon(['audit', ...args], { env: { DATA_DIR: dataDir } });

  it('makes no database only to look at it', async () => {
    const { code, stderr } = await audit('export');
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining(`no audit table under "${dataDir}" yet`),
    });
    expect(existsSync(join(dataDir, 'postgres'))).toBe(false);
  });

  it('uses the embedded one for as long as it needs it', async () => {
    await expect(audit('migrate')).resolves.toMatchObject({ code: 0 });
    const { code, stdout } = await audit('status');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^table {3}0 rows in the last minute, no row yet$/m),
    });
    expect(existsSync(join(dataDir, 'postgres/data/postmaster.pid'))).toBe(false);
  });

  it('lets go of the embedded one at Ctrl-C, too', async () => {
    await audit('migrate');
    const when = until(() => embeddedProcesses(dataDir).length > 0);
    const verifying = falcon(['audit', 'verify', '-'], {
      env: { DATA_DIR: dataDir },
      signal: { name: 'SIGINT', when },
    });
    await expect(verifying).resolves.toEqual({ code: 130, stdout: '', stderr: '' });
    expect(embeddedProcesses(dataDir)).toEqual([]);
  });
});
