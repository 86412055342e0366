import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { temporaryFolder } from './test-support/temporary-folder.js';

interface LockEntry {
  version?: string;
  resolved?: string;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

const root = resolve(__dirname, '..');
const read = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as { packages: Record<string, LockEntry> };

describe('package-lock.json', () => {
  const folder = temporaryFolder();
  const copy = join(folder, 'package-lock.json');

  function completeLockfile(...args: string[]) {
    return spawnSync(process.execPath, [join(root, 'scripts', 'complete-lockfile.mjs'), ...args], { encoding: 'utf8' });
  }

  function spoil(change: (packages: Record<string, LockEntry>) => void): void {
    const lock = read(join(root, 'package-lock.json'));
    change(lock.packages);
    writeFileSync(copy, JSON.stringify(lock));
  }

  it('has an entry for each platform package, and no registry address', () => {
    expect(completeLockfile('--check')).toMatchObject({ status: 0, stderr: '' });
  });

  it('agrees with package.json', () => {
    const wanted = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as LockEntry;
    const locked = read(join(root, 'package-lock.json')).packages[''];
    expect(locked).toMatchObject({ dependencies: wanted.dependencies, devDependencies: wanted.devDependencies });
  });

  it('pins every direct dependency exactly', () => {
    const { dependencies, devDependencies } = read(join(root, 'package-lock.json')).packages[''] ?? {};
    const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(
      ([, range]) => !/^\d+\.\d+\.\d+/.test(range),
    );
    expect(loose).toEqual([]);
  });

  it('fails the check when a platform package has no entry', () => {
    spoil((packages) => delete packages['node_modules/@swc/core-darwin-arm64']);
    expect(completeLockfile('--check', copy)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('@swc/core-darwin-arm64: missing'),
    });
  });

  it('fails the check when an entry names a registry', () => {
    spoil((packages) =>
      Object.assign(packages['node_modules/zod'] ?? {}, { resolved: 'https://registry.example/zod.tgz' }),
    );
    expect(completeLockfile('--check', copy)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('node_modules/zod: "resolved"'),
    });
  });

  it('is completed with the platform that the name of the package tells', () => {
    spoil((packages) => {
      delete packages['node_modules/@swc/core-darwin-arm64'];
      delete packages['node_modules/@oxlint/binding-linux-x64-musl'];
      delete packages['node_modules/@swc/core-win32-x64-msvc'];
    });
    expect(completeLockfile(copy).status).toBe(0);
    const { packages } = read(copy);
    expect(packages['node_modules/@swc/core-darwin-arm64']).toMatchObject({ os: ['darwin'], cpu: ['arm64'] });
    expect(packages['node_modules/@oxlint/binding-linux-x64-musl']).toMatchObject({
      os: ['linux'],
      cpu: ['x64'],
      libc: ['musl'],
    });
    expect(packages['node_modules/@swc/core-win32-x64-msvc']).toMatchObject({ os: ['win32'], cpu: ['x64'] });
    expect(completeLockfile('--check', copy).status).toBe(0);
  });
});
