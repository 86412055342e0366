import { appendFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../../../scripts/test-support/temporary-folder.js';
import { recordLine } from '../../test-support/audit-rows.js';
import { recordingLog } from '../../test-support/recording-log.js';
import { recordingObserver } from '../../test-support/recording-observer.js';
import { readSpoolStatus } from './spool-status.js';
import { Spool } from './spool.js';

describe('the status of the spools', () => {
  let root: string;
  const log = recordingLog();
  const open: Spool[] = [];

  beforeEach(() => (root = temporaryFolder()));

  afterEach(() => Promise.all(open.splice(0).map((spool) => spool.close())));

  /** With checksum, space and line end. */
  const bytesOf = (json: string) => Buffer.byteLength(json) + 10;

  const openSpool = async (owner: string, sync = false) => {
    const options = { root, name: owner, sync, maxBytes: 2 ** 20, appendTimeoutMs: 1000 };
    const spool = await Spool.open(options, log, recordingObserver());
    open.push(spool);
    return spool;
  };

  it('is empty where there is none, and where there is no folder', async () => {
    await expect(readSpoolStatus(root, log)).resolves.toEqual([]);
    await expect(readSpoolStatus(join(root, 'nothing'), log)).resolves.toEqual([]);
  });

  it.each([false, true])('tells what waits, since when, and whether anybody ships it (sync: %s)', async (sync) => {
    const spool = await openSpool('worker-1', sync);
    const first = recordLine({ created_at: '2026-11-20T10:00:00.000Z' });
    const second = recordLine({ created_at: '2026-11-20T10:00:01.000Z' });
    await spool.append(first);
    await spool.append(second);
    const [alive, ...rest] = await readSpoolStatus(root, log);
    expect(rest).toEqual([]);
    expect(alive).toEqual({
      name: expect.stringMatching(/^worker-1-[0-9a-f]{8}$/),
      owner: 'alive',
      waitingBytes: bytesOf(first) + bytesOf(second),
      oldestAt: new Date('2026-11-20T10:00:00.000Z'),
    });
    await spool.source.acknowledge((await spool.source.next({ maxRecords: 1, maxBytes: 1e6 }))!.end);
    await expect(readSpoolStatus(root, log)).resolves.toMatchObject([
      { waitingBytes: bytesOf(second), oldestAt: new Date('2026-11-20T10:00:01.000Z') },
    ]);
    await spool.close();
    await expect(readSpoolStatus(root, log)).resolves.toMatchObject([{ owner: 'none' }]);
  });

  it('names a spool that cannot be read, and reads the others', async () => {
    writeFileSync(join(root, 'worker-0-0badcafe'), ''); // no folder
    await openSpool('worker-1');
    await expect(readSpoolStatus(root, log)).resolves.toMatchObject([
      { name: 'worker-0-0badcafe', owner: 'unknown', waitingBytes: undefined, oldestAt: undefined },
      { owner: 'alive' },
    ]);
    expect(log.lines.join()).toContain('The spool "worker-0-0badcafe" cannot be read: ENOTDIR');
  });

  it('counts what waits of one that is losing a segment, whose records are in the table', async () => {
    const spool = await openSpool('worker-1');
    const record = recordLine();
    await spool.append(record);
    const [name = ''] = readdirSync(root);
    symlinkSync('deleted', join(root, name, '0000000000.log')); // is in the listing, and not to be opened
    await expect(readSpoolStatus(root, log)).resolves.toMatchObject([
      { name, owner: 'alive', waitingBytes: bytesOf(record), oldestAt: expect.any(Date) },
    ]);
  });

  it('changes nothing and reads what it can of a damaged one', async () => {
    const spool = await openSpool('worker-1');
    await spool.append(recordLine());
    await spool.close();
    const [name = ''] = readdirSync(root);
    const segment = readdirSync(join(root, name)).find((file) => file.endsWith('.log')) ?? '';
    appendFileSync(join(root, name, segment), 'torn');
    const before = readdirSync(join(root, name));
    await expect(readSpoolStatus(root, log)).resolves.toMatchObject([{ owner: 'none', oldestAt: expect.any(Date) }]);
    expect(readdirSync(join(root, name))).toEqual(before);
  });
});
