import type { Client } from 'pg';
import { parse } from 'csv-parse/sync';
import { jobOf, recordLine } from '../../test-support/audit-rows.js';
import { connectedDatabase, startPostgres } from '../../test-support/postgres.js';
import { recordingObserver } from '../../test-support/recording-observer.js';
import type { AuditRecord } from '../audit-record.js';
import type { AuditDatabase } from './audit-database.js';
import { connectClient } from './database-client.js';
import { DatabaseUnavailableError } from './database.errors.js';
import { checkLedger, type LedgerEntry } from './ledger-check.js';
import type { QueryClient } from './query-client.js';
import { RecordWriter } from './record-writer.js';
import { exportRows, type ExportFormat, type TimeRange } from './row-export.js';
import { tailRows } from './row-tail.js';
import { readTableStatus } from './table-status.js';

jest.setTimeout(60_000);

describe('reading the rows', () => {
  let postgres: Awaited<ReturnType<typeof startPostgres>>;
  let database: AuditDatabase;
  let client: Client;

  beforeAll(async () => {
    postgres = await startPostgres();
    database = await connectedDatabase(postgres.connection);
    client = await connectClient(postgres.connection);
  });

  afterAll(async () => {
    await client.end();
    await database.close();
    await postgres.stop();
  });

  beforeEach(() => client.query('TRUNCATE inference_logs, inference_log_dead_letters'));

  const write = (...lines: string[]) => new RecordWriter(database, recordingObserver()).write(jobOf(lines));

  describe('as an export', () => {
    const exported = async (range: TimeRange, format: ExportFormat) =>
      (await collect(exportRows(client, range, format))).join('');

    it('gives a line of JSON a row, by time, with the bounds of the range', async () => {
      const days = [
        '2026-10-31T23:59:59.999Z',
        '2026-11-03T00:00:00.000Z',
        '2026-11-02T00:00:00.000Z',
        '2026-11-01T00:00:00.000Z',
      ];
      await write(...days.map((created_at) => recordLine({ created_at })));
      const range = { from: new Date('2026-11-01T00:00:00Z'), to: new Date('2026-11-03T00:00:00Z') };
      const rows = (await exported(range, 'ndjson'))
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as AuditRecord);
      expect(rows.map(({ created_at }) => created_at)).toEqual([
        '2026-11-01T00:00:00+00:00',
        '2026-11-02T00:00:00+00:00',
      ]);
      expect(rows[0]).toMatchObject({
        text: 'Grüße, 😀',
        probabilities: { negative: 0.03, positive: 0.97 },
        degraded_reason: null,
      });
    });

    it('gives CSV that survives quotes, commas and line ends', async () => {
      const text = 'a "quote", a comma\r\nand a line end';
      const earlier = '2026-11-01T00:00:00Z';
      await write(recordLine({ text, error_message: '', created_at: earlier }), recordLine({ text: null }));
      const csv = await exported({}, 'csv');
      const rows = parse<Record<string, string>>(csv, { columns: true });
      expect(rows.map((row) => row['text'])).toEqual([text, '']);
      expect(rows[0]).toMatchObject({
        cache_hit: 'false',
        client_ip: '2001:db8::1',
        probabilities: '{"negative": 0.03, "positive": 0.97}',
      });
      expect(rows[0]?.['created_at']).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+\+00:00$/);
      expect(csv.split('\r\n')[0]?.split(',')).toHaveLength(27);
    });

    it('is a header alone when there is no row', async () => {
      await expect(exported({}, 'csv')).resolves.toMatch(/^id,created_at,.*\r\n$/);
      await expect(exported({}, 'ndjson')).resolves.toBe('');
    });

    it('comes in parts, not all at once', async () => {
      await write(...Array.from({ length: 2500 }, () => recordLine()));
      const parts = await collect(exportRows(client, {}, 'ndjson'));
      expect(parts.map((part) => part.trimEnd().split('\n').length)).toEqual([500, 500, 500, 500, 500]);
    });

    it('can be left off, and the connection goes on', async () => {
      await write(...Array.from({ length: 1500 }, () => recordLine()));
      for await (const part of exportRows(client, {}, 'ndjson')) {
        expect(part).not.toBe('');
        break;
      }
      await expect(exported({ to: new Date(0) }, 'ndjson')).resolves.toBe('');
    });
  });

  describe('as they come', () => {
    /** A tail that tells of each row what it was asked under. */
    function tail({ last = 2, from = client }: { last?: number; from?: QueryClient } = {}) {
      const abort = new AbortController();
      const rows = tailRows(from, { last, pollMs: 10, signal: abort.signal });
      return {
        next: async () => ((await rows.next()).value as AuditRecord).request_id,
        end: async () => {
          abort.abort();
          await expect(rows.next()).resolves.toEqual({ done: true, value: undefined });
        },
      };
    }

    it('begins with the last ones and goes on with each new one, also one that is late', async () => {
      const minute = Date.now() - 60_000;
      const line = (request_id: string, secondsLater: number) =>
        recordLine({ request_id, created_at: new Date(minute + secondsLater * 1000).toISOString() });
      await write(line('a', 0), line('b', 1), line('c', 2));
      const { next, end } = tail();
      expect([await next(), await next()]).toEqual(['b', 'c']);
      await write(line('d', 5));
      expect(await next()).toBe('d');
      await write(line('late', 1), line('e', 6));
      expect([await next(), await next()]).toEqual(['late', 'e']);
      await end();
    });

    it('gives a row once that comes while it begins', async () => {
      const slowly = {
        query: async (sql: string, values: unknown[]) => {
          if (sql.includes('DESC')) await write(recordLine({ request_id: 'meanwhile' }));
          return client.query(sql, values);
        },
      } as QueryClient;
      const { next, end } = tail({ from: slowly });
      expect(await next()).toBe('meanwhile');
      const second = next();
      await write(recordLine({ request_id: 'afterwards' }));
      expect(await second).toBe('afterwards');
      await end();
    });

    it('goes on when clocks are ahead, by a little or by a month', async () => {
      const line = (request_id: string, aheadMs: number) =>
        recordLine({ request_id, created_at: new Date(Date.now() + aheadMs).toISOString() });
      await write(line('far ahead', 30 * 86_400_000), line('ahead', 300_000));
      const { next, end } = tail();
      expect([await next(), await next()]).toEqual(['ahead', 'far ahead']);
      await write(line('on time', 0));
      expect(await next()).toBe('on time');
      await write(line('ahead again', 300_000));
      expect(await next()).toBe('ahead again');
      await write(line('far ahead again', 30 * 86_400_000), line('on time again', 0));
      expect(await next()).toBe('on time again');
      await end();
    });

    it('gives each of many once', async () => {
      const { next, end } = tail({ last: 0 });
      const first = next();
      const lines = Array.from({ length: 3500 }, (_, k) => recordLine({ request_id: `r${k}` }));
      for (let at = 0; at < lines.length; at += 700) await write(...lines.slice(at, at + 700));
      const seen = new Set([await first]);
      for (let k = 1; k < 3500; k++) seen.add(await next());
      expect(seen.size).toBe(3500);
      await end();
    });
  });

  it('as a status', async () => {
    await expect(readTableStatus(client)).resolves.toMatchObject({
      rowsLastMinute: 0,
      lastRowAt: undefined,
      deadLetters: 0,
    });
    const created_at = new Date().toISOString();
    await write(
      recordLine({ created_at: '2026-11-01T00:00:00Z' }),
      recordLine({ created_at }),
      recordLine({ id: 'x' }),
    );
    const status = await readTableStatus(client);
    expect(status).toMatchObject({ rowsLastMinute: 1, lastRowAt: new Date(created_at), deadLetters: 1 });
    expect(status.partitions.map(({ name }) => name)).toContain('inference_logs_2026_11');
    expect(status.partitions[0]?.bytes).toBeGreaterThan(8192);
  });

  describe('against a ledger', () => {
    const check = (entries: LedgerEntry[], range: TimeRange = {}, maxDifferences = 20) =>
      checkLedger(
        client,
        (async function* () {
          yield* entries;
        })(),
        { range, maxDifferences },
      );

    const ids = (...requestIds: string[]) => requestIds.map((requestId) => ({ requestId }));

    const single = (request_id: string, created_at = new Date().toISOString()) =>
      recordLine({ request_id, created_at, batch_index: null });

    it('finds nothing when both are the same', async () => {
      await write(
        single('a'),
        single('b'),
        recordLine({ request_id: 'c', batch_index: 0 }),
        recordLine({ request_id: 'c', batch_index: 1 }),
      );
      const ledger = [...ids('b', 'a'), { requestId: 'c', batchIndex: 1 }, { requestId: 'c', batchIndex: 0 }];
      await expect(check(ledger)).resolves.toEqual({
        answers: 4,
        rows: 4,
        missing: 0,
        double: 0,
        extra: 0,
        differences: [],
      });
    });

    it('finds what is missing, double and extra', async () => {
      await write(
        single('a'),
        single('twice'),
        single('twice'),
        single('extra'),
        recordLine({ request_id: 'c', batch_index: 1 }),
      );
      const ledger = [
        ...ids('a', 'gone', 'twice'),
        { requestId: 'c', batchIndex: 0 },
        { requestId: 'c', batchIndex: 1 },
      ];
      const report = await check(ledger);
      expect(report).toMatchObject({ answers: 5, rows: 5, missing: 2, double: 1, extra: 1 });
      expect(report.differences).toEqual([
        { kind: 'missing', requestId: 'c', batchIndex: 0, answers: 1, rows: 0 },
        { kind: 'missing', requestId: 'gone', batchIndex: null, answers: 1, rows: 0 },
        { kind: 'double', requestId: 'twice', batchIndex: null, answers: 1, rows: 2 },
        { kind: 'extra', requestId: 'extra', batchIndex: null, answers: 0, rows: 1 },
      ]);
    });

    it('counts a request id as often as it was answered', async () => {
      await write(single('a'), single('a'));
      await expect(check(ids('a', 'a'))).resolves.toMatchObject({ missing: 0, double: 0, extra: 0 });
      await expect(check(ids('a', 'a', 'a'))).resolves.toMatchObject({ missing: 1, double: 0, extra: 0 });
    });

    it('looks at the rows of a range only', async () => {
      await write(single('old', '2026-11-01T00:00:00Z'), single('new', '2026-11-02T00:00:00Z'));
      await expect(check(ids('new'), { from: new Date('2026-11-02T00:00:00Z') })).resolves.toMatchObject({
        rows: 1,
        extra: 0,
      });
    });

    it('takes a ledger of any length, and may be asked again', async () => {
      const lines = Array.from({ length: 25_000 }, (_, k) => single(`r${k}`));
      for (let at = 0; at < lines.length; at += 1000) await write(...lines.slice(at, at + 1000));
      const ledger = ids(...Array.from({ length: 25_001 }, (_, k) => `r${k}`));
      await expect(check(ledger, {}, 1)).resolves.toMatchObject({
        answers: 25_001,
        rows: 25_000,
        missing: 1,
        differences: [{ kind: 'missing', requestId: 'r25000' }],
      });
      await expect(check([])).resolves.toMatchObject({ answers: 0, rows: 25_000, extra: 25_000 });
    });
  });

  it('says what is wrong with the connection', async () => {
    const wrong = connectClient({ url: 'postgres://falcon:hunter2@127.0.0.1:9/falcon' });
    await expect(wrong).rejects.toThrow(DatabaseUnavailableError);
    await expect(wrong).rejects.toThrow('Postgres at 127.0.0.1:9/falcon: nothing listens there: is Postgres running?');
  });
});

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}
