import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { drain, SpoolRoot } from '../../test-support/spools.js';
import { MAX_RECORD_CHARACTERS } from './spool-line.js';
import { SpoolRecordTooLongError } from './spool.errors.js';

const json = (id: number, text = '') => JSON.stringify({ id, created_at: '2026-01-02T03:04:05.678Z', text });

describe('Spool', () => {
  let root: SpoolRoot;

  beforeEach(() => (root = new SpoolRoot()));

  it('hands out what was appended, in order, whatever its characters are', async () => {
    const spool = await root.open();
    const records = ['a', 'ß', '漢', '😀', 'NUL \u0000', 'lone \ud800', '"\n\r\t\\'].map((text, id) => json(id, text));
    await Promise.all(records.map((record) => spool.append(record)));
    expect(await drain(spool.source)).toEqual(records);
    await spool.close();
  });

  it('takes a record in two parts, and refuses it by the length of both', async () => {
    const spool = await root.open();
    await spool.append('{"id":"ä"}', '{"text":"漢","rest":{}}');
    const tooLong = spool.append(json(1), json(2, 'x'.repeat(MAX_RECORD_CHARACTERS - 80)));
    await expect(tooLong).rejects.toThrow(SpoolRecordTooLongError);
    expect(await drain(spool.source)).toEqual(['{"id":"ä","text":"漢","rest":{}}']);
    await spool.close();
  });

  it('puts what arrives at the same time on the disk in one write, with one promise', async () => {
    const spool = await root.open();
    const promises = Array.from({ length: 64 }, (_, id) => spool.append(json(id)));
    expect(new Set(promises).size).toBe(1);
    await promises[0];
    expect(root.observer.events).toEqual([['onSpooled', 64, expect.any(Number)]]);
    await spool.close();
  });

  it('has the record in the file when the append resolves', async () => {
    const spool = await root.open({ sync: true });
    await spool.append(json(7));
    expect(statSync(join(root.path, spool.source.id, '0000000001.log')).size).toBeGreaterThan(json(7).length);
    await spool.close();
  });

  it('cuts batches by records and by bytes, but hands out a longer record alone', async () => {
    const spool = await root.open();
    const records = [1, 2, 3, 4].map((id) => json(id));
    const bytes = Buffer.byteLength(records.slice(0, 2).join('\n'));
    await Promise.all(records.map((record) => spool.append(record)));
    const next = async (maxRecords: number, maxBytes: number) => {
      const batch = await spool.source.next({ maxRecords, maxBytes });
      return batch && { ...batch, rows: batch.rows.toString() };
    };
    expect(await next(1, 1e6)).toMatchObject({ records: 1, rows: records[0], oldestAt: '2026-01-02T03:04:05.678Z' });
    expect(await next(9, bytes)).toMatchObject({ records: 2, rows: records.slice(1, 3).join('\n'), format: 2 });
    expect(await next(9, 1)).toMatchObject({ records: 1, rows: records[3] });
    expect(await next(9, 1e6)).toBeUndefined();
    await spool.close();
  });

  it('names a batch by its place, as BullMQ takes it for a job', async () => {
    const spool = await root.open({ name: 'host:1/../über' });
    await spool.append(json(1));
    const batch = await spool.source.next({ maxRecords: 10, maxBytes: 1000 });
    expect(batch?.id).toMatch(/^host_1_.._+ber-[0-9a-f]{8}-1-\d+-\d+$/);
    await spool.close();
  });

  it('tells whoever waits that there is more', async () => {
    const spool = await root.open();
    const woken = jest.fn();
    const waiting = spool.source.whenAppended().then(woken);
    await new Promise(setImmediate);
    expect(woken).not.toHaveBeenCalled();
    await spool.append(json(1));
    await waiting;
    await expect(spool.source.whenAppended()).resolves.toBeUndefined(); // there is still more
    await spool.close();
  });

  it('counts what is not acknowledged', async () => {
    const spool = await root.open();
    await Promise.all([1, 2, 3].map((id) => spool.append(json(id))));
    expect(spool.stats()).toEqual({ records: 3, bytes: expect.any(Number) });
    const [first, second] = [
      await spool.source.next({ maxRecords: 2, maxBytes: 1e6 }),
      await spool.source.next({ maxRecords: 2, maxBytes: 1e6 }),
    ];
    if (!first || !second) throw new Error('There are two batches.');
    await spool.source.acknowledge(first.end);
    expect(spool.stats()).toEqual({ records: 1, bytes: json(3).length + 10 });
    expect(spool.source.isDrained()).toBe(false);
    await spool.source.acknowledge(second.end);
    expect(spool.stats()).toEqual({ records: 0, bytes: 0 });
    expect(spool.source.isDrained()).toBe(true);
    await spool.close();
  });

  it('starts new segments, and deletes those that are acknowledged', async () => {
    const spool = await root.open({ maxBytes: 80_000 });
    const segments = () => readdirSync(join(root.path, spool.source.id)).filter((name) => name.endsWith('.log'));
    const records = Array.from({ length: 60 }, (_, id) => json(id, 'x'.repeat(1000)));
    for (const record of records) await spool.append(record);
    expect(segments()).toHaveLength(6);
    expect(await drain(spool.source)).toEqual(records);
    expect(segments()).toEqual(['0000000006.log']);
    await spool.close();
  });

  it('refuses more than may wait, and takes more as soon as some is acknowledged', async () => {
    const spool = await root.open({ maxBytes: 10_000 });
    const record = json(1, 'x'.repeat(950));
    for (let k = 0; k < 9; k++) await spool.append(record);
    await expect(spool.append(record)).rejects.toMatchObject({ code: 'SPOOL_FULL', maxBytes: 10_000 });
    const batch = await spool.source.next({ maxRecords: 1, maxBytes: 1e6 });
    await spool.source.acknowledge(batch?.end ?? { segment: 0, offset: 0 });
    await expect(spool.append(record)).resolves.toBeUndefined();
    await spool.close();
  });

  it('refuses a record that no reader would take, and keeps the others', async () => {
    const spool = await root.open();
    const longest = 'x'.repeat(MAX_RECORD_CHARACTERS);
    await expect(spool.append(`${longest}x`)).rejects.toMatchObject({ code: 'SPOOL_RECORD_TOO_LONG' });
    const widest = '漢'.repeat(MAX_RECORD_CHARACTERS);
    await Promise.all([spool.append(longest), spool.append(widest), spool.append(json(1))]);
    expect(await drain(spool.source)).toEqual([longest, widest, json(1)]);
    await spool.close();
  });

  it('removes its folder when all is acknowledged, and is closed for good', async () => {
    const spool = await root.open();
    const last = spool.append(json(1));
    const batchOf = () => spool.source.next({ maxRecords: 1, maxBytes: 1e6 });
    await last;
    await spool.source.acknowledge((await batchOf())?.end ?? { segment: 0, offset: 0 });
    await spool.close();
    await spool.close();
    expect(readdirSync(root.path)).toEqual([]);
    await expect(spool.append(json(2))).rejects.toMatchObject({ code: 'SPOOL_CLOSED' });
  });

  it('closes and says so when somebody else has a file in its folder', async () => {
    const spool = await root.open();
    await spool.append(json(1));
    await drain(spool.source);
    const folder = join(root.path, spool.source.id);
    writeFileSync(join(folder, 'README'), '');
    await spool.close();
    expect(readdirSync(folder)).toEqual(['README']);
    expect(root.log.lines).toEqual([
      'WARNING An audit spool is in the table and its folder cannot be removed: delete it',
    ]);
  });

  it('writes what is under way when it is closed, and leaves it to the next process', async () => {
    const spool = await root.open();
    const appended = spool.append(json(1));
    await spool.close();
    await appended;
    const [adopted] = await root.orphans().adopt();
    expect(adopted && (await drain(adopted))).toEqual([json(1)]);
    await adopted?.release();
    expect(readdirSync(root.path)).toEqual([]);
  });

  it('hands out every record once while it is written, read and acknowledged at the same time', async () => {
    const spool = await root.open({ maxBytes: 200_000 });
    const read: string[] = [];
    const total = 20_000;
    const ship = async (): Promise<void> => {
      while (read.length < total) {
        await spool.source.whenAppended();
        read.push(...(await drain(spool.source, { maxRecords: 50, maxBytes: 3000 })));
      }
    };
    let next = 0;
    const call = async (): Promise<void> => {
      while (next < total) {
        const record = json(next++, 'ä'.repeat(next % 50));
        await spool.append(record).catch(async () => {
          while (spool.stats().bytes > 100_000) await new Promise(setImmediate); // full: the shipper is behind
          await spool.append(record);
        });
      }
    };
    await Promise.all([ship(), ...Array.from({ length: 64 }, call)]);
    const ids = read.map((record) => (JSON.parse(record) as { id: number }).id);
    expect(ids.sort((a, b) => a - b)).toEqual(Array.from({ length: total }, (_, id) => id));
    expect(spool.stats()).toEqual({ records: 0, bytes: 0 });
    await spool.close();
    expect(readdirSync(root.path)).toEqual([]);
  });

  it('goes on after a restart where the acknowledged part ends', async () => {
    const spool = await root.open();
    const records = Array.from({ length: 10 }, (_, id) => json(id));
    await Promise.all(records.map((record) => spool.append(record)));
    const batch = await spool.source.next({ maxRecords: 4, maxBytes: 1e6 });
    await spool.source.acknowledge(batch?.end ?? { segment: 0, offset: 0 });
    const handedOut = await spool.source.next({ maxRecords: 4, maxBytes: 1e6 });
    await spool.close();
    const [adopted] = await root.orphans().adopt();
    const again = await adopted?.next({ maxRecords: 4, maxBytes: 1e6 });
    expect(again).toEqual(handedOut); // the id, too: a queue that still has the job knows it again
    expect(adopted && (await drain(adopted))).toEqual(records.slice(8));
    await adopted?.release();
  });

  it('reports a segment that somebody deleted, and reads on behind it', async () => {
    const spool = await root.open({ maxBytes: 80_000 });
    const records = Array.from({ length: 30 }, (_, id) => json(id, 'x'.repeat(1000)));
    for (const record of records) await spool.append(record);
    rmSync(join(root.path, spool.source.id, '0000000002.log'));
    expect(await drain(spool.source)).toEqual([...records.slice(0, 10), ...records.slice(20)]);
    expect(root.log.lines).toEqual(['ERROR A segment of an audit spool has vanished, and its records with it']);
    expect(spool.stats()).toEqual({ records: 0, bytes: 0 });
    await spool.close();
  });

  it.each([
    ['in the middle of a segment', 1010, 1],
    ['before it begins a new segment', 0, 11_000],
  ])('makes its folder again when somebody deletes it %s', async (_, waitMs, length) => {
    const spool = await root.open({ maxBytes: 80_000 });
    const folder = join(root.path, spool.source.id);
    await spool.append(json(1, 'x'.repeat(length)));
    rmSync(folder, { recursive: true });
    await sleep(waitMs);
    await spool.append(json(2));
    expect(await drain(spool.source)).toEqual([json(2)]);
    expect(await root.orphans().adopt()).toEqual([]); // and it is locked
    expect(root.log.lines[0]).toBe('ERROR Somebody deleted files of the audit spool, and the records in them');
    await spool.append(json(3));
    await spool.close();
    const [adopted] = await root.orphans().adopt();
    expect(adopted && (await drain(adopted))).toEqual([json(3)]);
    await adopted?.release();
  });
});
