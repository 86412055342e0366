import { setTimeout as sleep } from 'node:timers/promises';
import { recordingLog } from '../../test-support/recording-log.js';
import { GroupCommit } from './group-commit.js';
import { lineOf } from './spool-line.js';

let isTimeFaked = true;

/** Lets time go by, with all that happens in it. */
async function pass(ms: number): Promise<void> {
  await (isTimeFaked ? jest.advanceTimersByTimeAsync(ms) : sleep(ms));
}

/** A disk whose writes end when the test says so. */
class Disk {
  readonly written: string[] = [];
  private readonly writes: Array<{ content: string; resolve: () => void; reject: (error: Error) => void }> = [];
  readonly write = (bytes: Buffer): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.writes.push({ content: bytes.toString().replaceAll(/^\w{8} /gm, ''), resolve, reject });
    return promise;
  };
  get pending(): number {
    return this.writes.length;
  }
  async finish(error?: Error): Promise<void> {
    while (this.writes.length === 0) await pass(1);
    const write = this.writes.shift();
    if (error) write?.reject(error);
    else {
      this.written.push(write?.content ?? '');
      write?.resolve();
    }
    await pass(0);
  }
}

describe('GroupCommit', () => {
  let disk: Disk;
  let committed: number;
  const log = recordingLog();
  const commitWith = (appendTimeoutMs: number, writeNow = (_bytes: Buffer) => false) =>
    new GroupCommit({
      appendTimeoutMs,
      write: disk.write,
      writeNow,
      log,
      onCommitted: ({ records }) => (committed += records),
    });

  beforeEach(() => {
    isTimeFaked = true;
    jest.useFakeTimers();
    disk = new Disk();
    committed = 0;
    log.lines.splice(0);
  });
  afterEach(() => jest.useRealTimers());

  it('has one write under way, and gathers meanwhile', async () => {
    const commit = commitWith(10_000);
    const first = commit.append('1');
    await pass(1);
    const others = [commit.append('2'), commit.append('3')];
    expect(disk.pending).toBe(1);
    await disk.finish();
    await first;
    await disk.finish();
    await Promise.all(others);
    expect(disk.written).toEqual(['1\n', '2\n3\n']);
    expect(committed).toBe(3);
    await commit.close();
  });

  it('writes what comes in one callback at the end of it when it is many, else with what else comes in that turn', async () => {
    jest.useRealTimers();
    const writtenBytes: number[] = [];
    const commit = commitWith(10_000, ({ length }) => writtenBytes.push(length) > 0);
    const appendInCallback = (records: number) =>
      setImmediate(() => {
        const answer = Promise.resolve(); // that has been waited for
        void answer.then(() => Promise.all(Array.from({ length: records }, () => commit.append('1'))));
      });
    for (const records of [8, 9, 7, 6]) appendInCallback(records);
    for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(writtenBytes).toEqual([8, 9, 13].map((records) => records * lineOf('1').length));
    await commit.close();
  });

  it('waits a moment for more while many call, and not longer than it takes to have enough', async () => {
    const commit = commitWith(10_000);
    const call = (count: number) => Array.from({ length: count }, () => commit.append('1'));
    const appended = call(8);
    await pass(1);
    appended.push(...call(3));
    await disk.finish();
    expect(disk.pending).toBe(0);
    appended.push(...call(20));
    await pass(0);
    expect(disk.pending).toBe(0);
    appended.push(...call(2));
    await pass(0);
    expect(disk.pending).toBe(1);
    appended.push(...call(2));
    await disk.finish();
    expect(disk.pending).toBe(0);
    await pass(1);
    expect(disk.pending).toBe(1);
    await disk.finish();
    await Promise.all(appended);
    expect(disk.written.map((group) => group.length / 2)).toEqual([8, 25, 2]);
    await commit.close();
  });

  it('refuses the failed group and those behind it, rests, and tries again', async () => {
    const commit = commitWith(10_000);
    const first = commit.append('1');
    await pass(1);
    const second = commit.append('2');
    const failures = Promise.allSettled([first, second]);
    await disk.finish(new Error('ENOSPC: no space left on device, write'));
    for (const { reason } of (await failures) as PromiseRejectedResult[]) {
      expect(reason).toMatchObject({
        code: 'SPOOL_WRITE_FAILED',
        message: expect.stringContaining('ENOSPC') as string,
      });
    }
    await expect(commit.append('3')).rejects.toMatchObject({ code: 'SPOOL_WRITE_FAILED' });
    expect(disk.pending).toBe(0); // a broken disk is not hammered
    await pass(110);
    const later = commit.append('4');
    await disk.finish();
    await later;
    expect(disk.written).toEqual(['4\n']);
    expect(log.lines).toEqual(['ERROR The audit spool cannot be written', 'INFO The audit spool is written again']);
    await commit.close();
  });

  it('says once that the disk fails, however often it does', async () => {
    const commit = commitWith(10_000);
    for (let k = 0; k < 3; k++) {
      const refused = commit.append('1');
      const finished = disk.finish(new Error('EIO'));
      await expect(refused).rejects.toMatchObject({ code: 'SPOOL_WRITE_FAILED' });
      await finished;
      await pass(110);
    }
    expect(log.lines).toEqual(['ERROR The audit spool cannot be written']);
    await commit.close();
  });

  it('lets nobody wait longer than the timeout for a disk that hangs, and nobody at all after that', async () => {
    const commit = commitWith(200);
    const stuck = Promise.allSettled([commit.append('1')]);
    await pass(100);
    const behind = Promise.allSettled([commit.append('2')]);
    await pass(100);
    const [[first], [second]] = [await stuck, await behind];
    expect([first, second]).toMatchObject([
      { reason: { code: 'SPOOL_TIMEOUT' } },
      { reason: { code: 'SPOOL_TIMEOUT' } },
    ]);
    await expect(commit.append('3')).rejects.toMatchObject({ code: 'SPOOL_TIMEOUT', timeoutMs: 200 });
    expect(log.lines).toEqual(['ERROR The disk of the audit spool does not answer']);

    await disk.finish();
    const after = commit.append('4');
    await disk.finish();
    await after;
    expect(disk.written).toEqual(['1\n', '4\n']); // the late one is on the disk after all, the one behind it never was
    expect(committed).toBe(2);
    expect(log.lines.slice(1)).toEqual(['INFO The audit spool is written again']);
    await commit.close();
  });

  it('does not take a process that was frozen for a disk that hangs', async () => {
    isTimeFaked = false;
    jest.useRealTimers();
    const commit = commitWith(200);
    const appended = commit.append('1');
    await new Promise(setImmediate);
    const untilMs = performance.now() + 500;
    while (performance.now() < untilMs); // nothing runs meanwhile, as after SIGSTOP
    await pass(1); // the timers that are due fire before what the disk has answered is heard
    await disk.finish();
    await expect(appended).resolves.toBeUndefined();
    await commit.close();
  });

  it('does not wait for a disk that hangs when it is closed', async () => {
    const commit = commitWith(50);
    const stuck = commit.append('1');
    const closed = commit.close();
    void pass(50);
    await expect(stuck).rejects.toMatchObject({ code: 'SPOOL_TIMEOUT' });
    await closed;
    expect(commit.waitingBytes).toBeGreaterThan(0);
  });
});
