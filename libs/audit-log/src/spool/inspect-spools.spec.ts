import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { drain, SpoolRoot } from '../../test-support/spools.js';
import { inspectSpools } from './inspect-spools.js';
import { SEGMENT_HEADER } from './segment.js';
import { lineOf } from './spool-line.js';

const json = (id: number) => JSON.stringify({ id, created_at: `2026-01-02T03:04:0${id}.000Z` });
const lineBytes = lineOf(json(1)).length;

describe('inspectSpools', () => {
  let root: SpoolRoot;

  beforeEach(() => (root = new SpoolRoot()));
  afterEach(() => root.remove());

  it('tells what waits in the spool of a running process, without touching it', async () => {
    const spool = await root.open();
    await Promise.all([1, 2, 3].map((id) => spool.append(json(id))));
    const batch = await spool.source.next({ maxRecords: 1, maxBytes: 1000 });
    await spool.source.acknowledge(batch?.end ?? { segment: 0, offset: 0 });
    const state = { name: spool.source.id, isInUse: true, formats: [2], corruptLines: 0 };
    expect(await inspectSpools(root.path)).toEqual([
      { ...state, records: 2, bytes: 2 * lineBytes, oldestAt: '2026-01-02T03:04:02.000Z' },
    ]);
    expect(await drain(spool.source)).toEqual([json(2), json(3)]);
    expect(await inspectSpools(root.path)).toEqual([{ ...state, records: 0, bytes: 0, oldestAt: undefined }]);
    await spool.close();
  });

  it('tells that a spool has lost its process, and what is damaged in it', async () => {
    const folder = join(root.path, 'worker-1-0badcafe');
    mkdirSync(folder);
    writeFileSync(
      join(folder, '0000000001.log'),
      Buffer.concat([SEGMENT_HEADER, lineOf(json(4)), Buffer.from('torn')]),
    );
    writeFileSync(join(folder, '0000000002.log'), lineOf('{"spool_format":3}'));
    expect(await inspectSpools(root.path)).toEqual([
      expect.objectContaining({ isInUse: false, formats: [2, 3], records: 1, bytes: lineBytes + 4, corruptLines: 1 }),
    ]);
    expect(readdirSync(folder)).toEqual(['0000000001.log', '0000000002.log', 'lock']);
  });

  it('sees nothing in an empty root, or in none', async () => {
    expect(await inspectSpools(root.path)).toEqual([]);
    mkdirSync(join(root.path, 'worker-1-0badcafe'));
    expect(await inspectSpools(root.path)).toEqual([]);
    expect(readdirSync(join(root.path, 'worker-1-0badcafe'))).toEqual([]);
    expect(await inspectSpools(join(root.path, 'absent'))).toEqual([]);
  });
});
