import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BareMachine } from './test-support/bare-machine.js';

const FILES = ['.nvmrc', 'scripts/node.sh', 'scripts/tools.sh'];
const SYSTEM_TOOLS = 'bash cat chmod dirname grep id mkdir mktemp mv rm sed sort timeout touch'.split(' ');

/** A checkout on a machine whose apt is made of scripts. */
describe('scripts/tools.sh', () => {
  let machine: BareMachine;
  const pathOf = (file: string) => join(machine.checkout, file);
  const run = (...programs: string[]) => machine.run('scripts/tools.sh', ...programs);
  const fetched = (program: string) => machine.run(`.tools/bin/${program}`, '--version').stdout;
  const updates = () => machine.noted('apt.log');

  beforeEach(() => (machine = new BareMachine(FILES, SYSTEM_TOOLS)));

  function redisOfVersion(version: string): string {
    return `echo "Redis server v=${version} sha=0 malloc=x bits=64 build=0"`;
  }

  /** An apt on a German machine whose packages hold "program", and whose `download` fails when the command `refuse` succeeds. */
  function machineWithApt(program: string, script: string, refuse = 'false'): void {
    machine.putCommand(
      'apt-cache',
      '[ "$LC_ALL" = C ] && echo "  Depends: libjemalloc2" || echo "  Hängt ab von: libjemalloc2"',
    );
    const download = `${refuse} && exit 100; touch "\${@: -1}_1_amd64.deb"`;
    machine.putCommand(
      'apt-get',
      `case "$*" in
        *indextargets*) printf '%s\\n' http://mirror.example/debian-security/ http://mirror.example/debian/ ;;
        *update*) echo "$*" >>"${pathOf('apt.log')}" ;;
        *) ${download} ;;
      esac`,
    );
    const file = `usr/bin/${program}`;
    const content = `#!/usr/bin/env bash\n${script}\n`;
    machine.putCommand(
      'dpkg-deb',
      `echo "$2" >>unpacked\nmkdir -p usr/bin\ncat >${file} <<'END'\n${content}END\nchmod +x ${file}`,
    );
  }

  it('is content with what the machine has', () => {
    machine.putCommand('redis-server', redisOfVersion('6.2.0'));
    machine.putCommand('promtool', 'exit 0');
    machine.putCommand('kubectl', 'echo "Client Version: v1.27.3"'); // stands in for kustomize
    expect(run('redis-server', 'promtool', 'kustomize')).toMatchObject({ status: 0, stderr: '' });
  });

  it.each([
    ['redis-server', 'redis-server', 'Redis server v=6.0.16'],
    ['redis-server', 'redis-server', 'Redis server v=5.0.3'],
    ['kustomize', 'kubectl', 'Client Version: v1.26.9'],
  ])('without %s because of an old %s (%s) says loudly that tests are skipped', (program, command, version) => {
    machine.putCommand(command, `echo "${version}"`);
    const missing = `Not found, and could not be fetched: ${program}. Tests that need them are skipped`;
    expect(run(program)).toMatchObject({ status: 0, stderr: expect.stringContaining(missing) });
    expect(existsSync(pathOf('.tools'))).toBe(false);
  });

  it('unpacks one from the packages of the machine, once', () => {
    machineWithApt('redis-server', redisOfVersion('7.0.15'));
    expect(run('redis-server')).toMatchObject({ status: 0, stderr: expect.stringContaining('Fetching redis-server') });
    expect(fetched('redis-server')).toContain('v=7.0.15');
    const packages = ['redis-tools', 'redis-server', 'libjemalloc2'].map((name) => `${name}_1_amd64.deb\n`);
    expect(readFileSync(pathOf('.tools/redis-tools/unpacked'), 'utf8')).toBe(packages.join(''));
    expect(updates()).toEqual([]);
    expect(run('redis-server')).toMatchObject({ status: 0, stderr: '' });
  });

  it('gets package lists of its own where those of the machine are missing or old', () => {
    machineWithApt('promtool', 'echo promtool', `[[ "$*" != *.cache/apt/own* ]]`);
    expect(run('promtool').status).toBe(0);
    expect(fetched('promtool')).toBe('promtool\n');
    expect(updates()).toEqual([expect.stringContaining('.cache/apt/own/state')]);
  });

  it("turns to Debian's next release for what this one lacks", () => {
    machineWithApt('kustomize', 'echo kustomize', `[[ "$*" != *.cache/apt/trixie* ]]`);
    expect(run('kustomize').status).toBe(0);
    expect(fetched('kustomize')).toBe('kustomize\n');
    const source = readFileSync(pathOf('.cache/apt/trixie/sources.list'), 'utf8');
    expect(source).toMatch(/^deb \[.*\] http:\/\/mirror\.example\/debian\/ trixie main\n$/);
  });

  it('leaves nothing behind when what it has unpacked does not run', () => {
    machineWithApt('redis-server', 'exit 127');
    expect(run('redis-server')).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('could not be fetched: redis'),
    });
    expect(readdirSync(pathOf('.tools'))).toEqual(['bin']);
    expect(readdirSync(pathOf('.tools/bin'))).toEqual([]);
  });
});
