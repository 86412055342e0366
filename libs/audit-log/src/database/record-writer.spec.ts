import { setTimeout as sleep } from 'node:timers/promises';
import { signalAll } from '../../../../scripts/test-support/process-tree.js';
import { eventually } from '../../../../scripts/test-support/until.js';
import { jobOf as job, recordLine as record } from '../../test-support/audit-rows.js';
import { connectedDatabase, startPostgres } from '../../test-support/postgres.js';
import { embeddedProcesses } from '../../test-support/postgres-access.js';
import { recordingObserver } from '../../test-support/recording-observer.js';
import { RECORD_FORMAT, type AuditRecord } from '../audit-record.js';
import type { AuditJob } from '../queue/audit-job.js';
import type { AuditDatabase } from './audit-database.js';
import { DatabaseUnavailableError, NewerFormatError } from './database.errors.js';
import { RecordWriter } from './record-writer.js';

describe('RecordWriter', () => {
  let postgres: Awaited<ReturnType<typeof startPostgres>>;
  let database: AuditDatabase;
  const observer = recordingObserver();
  let writer: RecordWriter;

  beforeAll(async () => {
    postgres = await startPostgres();
    database = await connectedDatabase(postgres.connection);
    writer = new RecordWriter(database, observer);
  }, 60_000);

  afterAll(async () => {
    await database.close();
    await postgres.stop();
  });

  beforeEach(async () => {
    await query('TRUNCATE inference_logs, inference_log_dead_letters');
    observer.reset();
  });

  const query = async <R>(sql: string, values: unknown[] = []): Promise<R[]> =>
    (await database.run((client) => client.query(sql, values))).rows as R[];

  it('writes a record into the columns of its names', async () => {
    const line = record({ id: '019aa000-0000-7000-8000-000000000001', created_at: '2026-11-20T10:11:12.345Z' });
    await expect(writer.write(job([line]))).resolves.toEqual({ written: 1, deadLetters: 0 });
    const [row] = await query<{ row: object }>('SELECT to_jsonb(inference_logs) AS row FROM inference_logs');
    expect(row?.row).toEqual({
      ...JSON.parse(line),
      created_at: '2026-11-20T10:11:12.345+00:00',
      degraded_reason: null,
      idempotency_key: null,
      error_code: null,
      error_message: null,
    });
  });

  it('takes the last of two members of one name, which is the one that the audit log has made', async () => {
    const twice = record({ tenant: 'first' }).slice(0, -1);
    await writer.write(job([`${twice},"tenant":"second"}`]));
    await expect(query('SELECT tenant FROM inference_logs')).resolves.toEqual([{ tenant: 'second' }]);
  });

  it('writes a record once, however often its job comes', async () => {
    const records = [record(), record()];
    await writer.write(job(records));
    await expect(writer.write(job([...records, record()]))).resolves.toEqual({ written: 1, deadLetters: 0 });
    await expect(query('SELECT count(*)::int FROM inference_logs')).resolves.toEqual([{ count: 3 }]);
  });

  it('writes records of the format before, which lack members', async () => {
    const { batch_index, text, ...old } = JSON.parse(record()) as AuditRecord;
    expect([batch_index, text]).not.toContain(undefined);
    await expect(writer.write(job([JSON.stringify(old)], 1))).resolves.toEqual({ written: 1, deadLetters: 0 });
    await expect(query('SELECT batch_index, text FROM inference_logs')).resolves.toEqual([
      { batch_index: null, text: null },
    ]);
  });

  it('leaves records of a newer format for the Falcon that knows it', async () => {
    const newer = writer.write(job([record()], RECORD_FORMAT + 1));
    await expect(newer).rejects.toThrow(NewerFormatError);
    await expect(newer).rejects.toThrow(/run the newer Falcon/);
    await expect(query('SELECT FROM inference_logs')).resolves.toEqual([]);
  });

  it('makes the partition of a month that has none', async () => {
    const records = ['2019-12-31T23:59:59.999Z', '2020-01-01T00:00:00.000Z'].map((created_at) =>
      record({ created_at }),
    );
    await expect(writer.write(job(records))).resolves.toEqual({ written: 2, deadLetters: 0 });
    await expect(query('SELECT tableoid::regclass::text AS name FROM inference_logs ORDER BY 1')).resolves.toEqual([
      { name: 'inference_logs_2019_12' },
      { name: 'inference_logs_2020_01' },
    ]);
  });

  describe('of a job with records that Postgres refuses', () => {
    const refused: [string, string, string, RegExp][] = [
      ['a NUL', record({ text: 'a\0b' }), '22P05', /unsupported Unicode/],
      ['a lone surrogate', record({ text: '\ud800' }), '22P02', /json/],
      ['no id', record({ id: null }), '23502', /"id"/],
      ['a malformed id', record({ id: 'x' }), '22P02', /uuid/],
      ['a hash that is too long', record({ text_hash: 'a'.repeat(65) }), '22001', /too long/],
      ['a status beyond smallint', record({ status: 70_000 }), '22003', /out of range/],
      ['a wrong address', record({ client_ip: 'localhost' }), '22P02', /inet/],
      ['a wrong instant', record({ created_at: 'yesterday noon' }), '22007', /timestamp/],
      ['a request id too long for the index', record({ request_id: randomText(9000) }), '54000', /index/],
      ['no JSON', '{"id":', '22P02', /json/],
      ['a raw NUL', 'a\0b', '22021', /encoding/],
    ];

    it.each(refused)('sets aside the one with %s and writes the others', async (_, poison, sqlstate, reason) => {
      const good = Array.from({ length: 6 }, () => record());
      const records = [...good.slice(0, 4), poison, ...good.slice(4)];
      await expect(writer.write(job(records))).resolves.toEqual({ written: 6, deadLetters: 1 });
      await expect(query('SELECT count(*)::int FROM inference_logs')).resolves.toEqual([{ count: 6 }]);
      const letters = await query('SELECT sqlstate, reason, format, record FROM inference_log_dead_letters');
      const kept = poison.replace('\0', '\\u0000');
      expect(letters).toEqual([
        { sqlstate, reason: expect.stringMatching(reason), format: RECORD_FORMAT, record: kept },
      ]);
    });

    it('sets it aside once, however often the job comes', async () => {
      const records = [record(), record({ id: 'x' })];
      await writer.write(job(records));
      await expect(writer.write(job(records))).resolves.toEqual({ written: 0, deadLetters: 0 });
      await expect(query('SELECT count(*)::int FROM inference_log_dead_letters')).resolves.toEqual([{ count: 1 }]);
    });

    it('sets all of them aside when none is right', async () => {
      const records = Array.from({ length: 100 }, (_, k) => record({ id: `x${k}` }));
      await expect(writer.write(job(records))).resolves.toEqual({ written: 0, deadLetters: 100 });
    });

    it('sets a clock gone wild aside instead of making a partition a record', async () => {
      const records = Array.from({ length: 30 }, (_, k) =>
        record({ created_at: new Date(Date.UTC(1900 + k)).toISOString() }),
      );
      const before = await query('SELECT FROM pg_inherits');
      const { written, deadLetters } = await writer.write(job(records));
      expect(written + deadLetters).toBe(30);
      expect((await query('SELECT FROM pg_inherits')).length).toBe(before.length);
    });
  });

  it('stores 10,000 characters of 4 bytes each', async () => {
    await writer.write(job([record({ text: '😀'.repeat(10_000), text_length: 10_000 })]));
    await expect(query('SELECT char_length(text) FROM inference_logs')).resolves.toEqual([{ char_length: 10_000 }]);
  });

  it('writes every record once while Postgres is killed again and again', async () => {
    const jobs = Array.from({ length: 60 }, () => job(Array.from({ length: 200 }, () => record())));
    const writeAll = async () => {
      for (let next = jobs.shift(); next; next = jobs.shift()) await writeInTheEnd(next);
    };
    const writing = Promise.all(Array.from({ length: 3 }, writeAll));
    for (let kills = 0; kills < 3; kills++) {
      await sleep(50);
      await eventually(() => database.check());
      signalAll(embeddedProcesses(postgres.dataDir), 'SIGKILL');
    }
    await writing;
    const [found] = await eventually(() =>
      query('SELECT count(*)::int AS rows, count(DISTINCT id)::int AS ids FROM inference_logs'),
    );
    expect(found).toEqual({ rows: 12_000, ids: 12_000 });
  }, 60_000);

  /** As the queue does it: what cannot be written now is tried again. */
  const writeInTheEnd = async (next: AuditJob): Promise<void> => {
    try {
      await writer.write(next);
    } catch (error) {
      expect(error).toBeInstanceOf(DatabaseUnavailableError);
      await sleep(50);
      await writeInTheEnd(next);
    }
  };

  it('reports rows, dead letters and the operation', async () => {
    await writer.write(job([record(), record({ id: 'x' })]));
    expect(observer.events).toEqual([
      ['onDatabaseOperation', 'db_log_inference', 'success', expect.any(Number)],
      ['onRowsWritten', 1],
      ['onDeadLetters', 1],
    ]);
  });
});

/** Text that does not compress. */
function randomText(length: number): string {
  return Array.from({ length }, () => Math.random().toString(36).charAt(2)).join('');
}
