import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../../scripts/test-support/temporary-folder.js';
import { recordingLog } from '../test-support/recording-log.js';
import { recordingObserver } from '../test-support/recording-observer.js';
import { AuditLog, type AuditEntry } from './audit-log.js';
import { AuditUnavailableError } from './audit-log.errors.js';
import type { AuditLogOptions } from './audit-options.js';
import type { AuditRecord } from './audit-record.js';

const LIMITS = { maxRecords: 1000, maxBytes: 1 << 20 };

function entry(more: Partial<AuditEntry> = {}): AuditEntry {
  return {
    request_id: 'r-1',
    tenant: 'default',
    cache_hit: false,
    idempotency_hit: false,
    priority: 'normal',
    success: true,
    status: 200,
    processing_time_ms: 1.5,
    ...more,
  };
}

describe('AuditLog', () => {
  let folder: string;
  let opened: AuditLog[];
  const log = recordingLog();
  const observer = recordingObserver();

  beforeEach(() => {
    folder = temporaryFolder();
    opened = [];
    log.lines.length = 0;
    observer.reset();
  });
  afterEach(async () => {
    for (const auditLog of opened) await auditLog.close();
  });

  async function open(options: Partial<AuditLogOptions> = {}): Promise<AuditLog> {
    const defaults: AuditLogOptions = {
      durability: 'process',
      spoolRoot: join(folder, 'spool'),
      spoolMaxBytes: 1 << 20,
      whenFull: 'drop',
      appendTimeoutMs: 1000,
      storeText: false,
      workerId: 'worker-7',
    };
    const auditLog = new AuditLog({ ...defaults, ...options }, log, observer);
    opened.push(auditLog);
    await auditLog.open();
    return auditLog;
  }

  async function recordsOf(auditLog: AuditLog): Promise<AuditRecord[]> {
    const batch = await auditLog.source?.next(LIMITS);
    return (batch?.rows.toString().split('\n') ?? []).map((row) => JSON.parse(row) as AuditRecord);
  }

  it('adds who, when, under which id, and the hash and length of the text', async () => {
    const auditLog = await open();
    await auditLog.append('äöü😀', entry());
    const [record] = await recordsOf(auditLog);
    expect(record).toEqual({
      ...entry(),
      id: expect.stringMatching(/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/) as string,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
      worker_id: 'worker-7',
      text_hash: 'b04e5abb55bf554f7195cc635b3392b214b1a06b810e9676ab39e7bffba52a09',
      text_length: 4,
    });
  });

  it('keeps the text only when told to, and in a form that Postgres can hold', async () => {
    const auditLog = await open({ storeText: true });
    await auditLog.append('a\0b', entry({ model: 'm\0', model_version: '\ud800', error_message: 'no\0' }));
    expect(await recordsOf(auditLog)).toMatchObject([
      { text: 'a␀b', text_length: 3, model: 'm␀', model_version: '\ufffd', error_message: 'no␀' },
    ]);
  });

  it('takes what an answer says out of its JSON', async () => {
    const auditLog = await open({ storeText: true });
    const answer = { prediction: 'a "b"', probabilities: { 'a "b"': 1 }, request_id: 'r-2', worker_id: 'worker-7' };
    const { request_id: _, cache_hit: _hit, idempotency_hit: _again, processing_time_ms: _ms, ...besides } = entry();
    await auditLog.appendAnswered('good "day"', JSON.stringify(answer), besides);
    const added = { id: expect.any(String), created_at: expect.any(String), text_hash: expect.any(String) };
    expect(await recordsOf(auditLog)).toEqual([
      { ...answer, ...besides, ...added, text: 'good "day"', text_length: 10 },
    ]);
  });

  it('lets no answer say who asked, or when', async () => {
    const auditLog = await open();
    const { request_id: _, cache_hit: _hit, idempotency_hit: _again, processing_time_ms: _ms, ...besides } = entry();
    const forged = { prediction: 'a', tenant: 'forged', id: 'forged', created_at: 'forged', status: 500 };
    await auditLog.appendAnswered('a', JSON.stringify(forged), besides);
    const [record] = await recordsOf(auditLog);
    expect(record).toMatchObject({ prediction: 'a', tenant: 'default', status: 200 });
    expect([record?.id, record?.created_at]).not.toContain('forged');
  });

  it('names who answers, also where another gave the answer first', async () => {
    const auditLog = await open();
    await auditLog.appendAnswered('a', JSON.stringify({ prediction: 'a', worker_id: 'worker-1' }), entry());
    expect(await recordsOf(auditLog)).toMatchObject([{ prediction: 'a', worker_id: 'worker-7' }]);
  });

  it('makes ids that grow', async () => {
    const auditLog = await open();
    for (let count = 0; count < 3; count++) await auditLog.append('a', entry());
    const ids = (await recordsOf(auditLog)).map(({ id }) => id);
    expect(new Set(ids).size).toBe(3);
    expect(ids.map((id) => id.slice(0, 13))).toEqual(ids.map((id) => id.slice(0, 13)).toSorted());
  });

  it('records nothing when it is off', async () => {
    const auditLog = await open({ durability: 'off' });
    await auditLog.append('a', entry());
    expect([auditLog.isOn, auditLog.source, auditLog.stats()]).toEqual([false, undefined, { records: 0, bytes: 0 }]);
  });

  describe('when the spool is full', () => {
    const tooMuch = { spoolMaxBytes: 1000 };
    const fill = (auditLog: AuditLog) =>
      Promise.allSettled(['a', 'b', 'c', 'd'].map((t) => auditLog.append(t, entry())));

    it('lets answers leave, counts them, and says "buffer full" once', async () => {
      const auditLog = await open(tooMuch);
      expect((await fill(auditLog)).map(({ status }) => status)).toEqual(Array(4).fill('fulfilled'));
      const dropped = observer.events.filter(([name]) => name === 'onDropped');
      expect(dropped.length + auditLog.stats().records).toBe(4);
      expect(dropped.length).toBeGreaterThan(0);
      expect(log.lines).toEqual(['ERROR Audit buffer full or failing: 1 answers left without a record']);
    });

    it('tells how many more there were when it closes', async () => {
      const auditLog = await open(tooMuch);
      await fill(auditLog);
      await fill(auditLog);
      await auditLog.close();
      const dropped = observer.events.filter(([name]) => name === 'onDropped').length;
      expect(log.lines).toEqual(
        [1, dropped - 1].map((count) => `ERROR Audit buffer full or failing: ${count} answers left without a record`),
      );
    });

    it('lets no answer leave where that is asked for', async () => {
      const auditLog = await open({ ...tooMuch, whenFull: 'refuse' });
      const refused = (await fill(auditLog)).filter((outcome) => outcome.status === 'rejected');
      expect(refused.length).toBeGreaterThan(0);
      expect(refused.every(({ reason }) => reason instanceof AuditUnavailableError)).toBe(true);
      expect(observer.events.filter(([name]) => name === 'onDropped')).toEqual([]);
    });
  });

  it('tells within ten seconds how many more there were, and then once every ten seconds', async () => {
    writeFileSync(join(folder, 'spool'), 'a file where the folder should be');
    const auditLog = await open();
    log.lines.length = 0;
    jest.useFakeTimers();
    const drop = async (count: number) => {
      for (let k = 0; k < count; k++) await auditLog.append('a', entry());
    };
    try {
      await drop(4);
      jest.advanceTimersByTime(10_000);
      await drop(2);
      jest.advanceTimersByTime(10_000);
      jest.advanceTimersByTime(10_000); // there was nothing to tell
      await drop(1);
    } finally {
      jest.useRealTimers();
    }
    expect(log.lines).toEqual(
      [1, 3, 2, 1].map((count) => `ERROR Audit buffer full or failing: ${count} answers left without a record`),
    );
  });

  it('takes a folder that cannot be used like a full spool, and says what to do', async () => {
    writeFileSync(join(folder, 'spool'), 'a file where the folder should be');
    const auditLog = await open();
    await auditLog.append('a', entry());
    expect(observer.events).toContainEqual(['onDropped', 1]);
    expect(log.lines[0]).toMatch(/^ERROR The audit spool cannot be opened.* make the folder writable$/);
  });
});
