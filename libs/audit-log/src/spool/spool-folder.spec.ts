import promises from 'node:fs/promises';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SpoolFolder } from './spool-folder.js';

describe('SpoolFolder', () => {
  const root = mkdtempSync(join(tmpdir(), 'falcon-folders-'));

  afterEach(() => jest.restoreAllMocks());
  afterAll(() => rmSync(root, { recursive: true }));

  it('leaves nothing behind when its name cannot be put on the disk', async () => {
    jest.spyOn(promises, 'open').mockRejectedValueOnce(new Error('EIO'));
    await expect(SpoolFolder.create(root, 'worker-7', true)).rejects.toThrow('EIO');
    expect(readdirSync(root)).toEqual([]);
    const folder = await SpoolFolder.create(root, 'worker-7', true);
    expect(readdirSync(root)).toHaveLength(1);
    await folder.remove();
  });
});
