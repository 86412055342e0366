import promises from 'node:fs/promises';
import { lstatSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeDataDir } from '../../test-support/data-dir.js';
import { openClusterFolder } from '../database/embedded/cluster-folder.js';
import { FileLock } from '../file-lock.js';
import { SpoolFolder } from './spool-folder.js';

describe('SpoolFolder', () => {
  const root = makeDataDir();

  afterEach(() => jest.restoreAllMocks());

  it('leaves nothing behind when its name cannot be put on the disk', async () => {
    jest.spyOn(promises, 'open').mockRejectedValueOnce(new Error('EIO'));
    await expect(SpoolFolder.create(root, 'worker-7', true)).rejects.toThrow('EIO');
    expect(readdirSync(root)).toEqual([]);
    const folder = await SpoolFolder.create(root, 'worker-7', true);
    expect(readdirSync(root)).toHaveLength(1);
    await folder.remove();
  });

  it.each([
    ['fails', /locking protocol/],
    ['is not to be had', /Another process has locked/],
  ])('leaves nothing behind where locking %s', async (how, says) => {
    jest.spyOn(FileLock, 'try').mockImplementation((path) => {
      writeFileSync(path, ''); // as SQLite does before it locks
      if (how === 'fails') throw new Error('locking protocol');
      return undefined;
    });
    await expect(SpoolFolder.create(root, 'worker-7', false)).rejects.toThrow(says);
    expect(readdirSync(root)).toEqual([]);
  });

  it('keeps spools to this user, and the folder above open to the embedded Postgres, which may be of another', async () => {
    const dataDir = join(root, 'new/data');
    const folder = await SpoolFolder.create(join(dataDir, 'spool'), 'worker-7', false);
    const mode = (path: string) => statSync(path).mode & 0o777;
    expect([dataDir, join(dataDir, 'spool'), folder.path].map(mode)).toEqual([0o777 & ~process.umask(), 0o700, 0o700]);
    openClusterFolder(dataDir);
    expect(lstatSync(join(dataDir, 'postgres')).isSymbolicLink()).toBe(false);
    await folder.remove();
  });
});
