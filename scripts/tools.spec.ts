import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(__dirname, '..');
const SYSTEM_TOOLS = 'bash cat chmod dirname grep id mkdir mktemp mv rm sed sort timeout touch'.split(' ');

/** A checkout on a machine whose apt is made of scripts. */
describe('scripts/tools.sh', () => {
  let checkout: string;
  let bin: string;

  beforeEach(() => {
    checkout = mkdtempSync(join(tmpdir(), 'falcon tools '));
    bin = join(checkout, 'bin');
    for (const folder of ['bin', 'scripts']) mkdirSync(join(checkout, folder));
    for (const file of ['.nvmrc', 'scripts/node.sh', 'scripts/tools.sh'])
      cpSync(join(root, file), join(checkout, file));
    for (const tool of SYSTEM_TOOLS) symlinkSync(whereIs(tool), join(bin, tool));
  });

  afterEach(() => rmSync(checkout, { recursive: true }));

  function putCommand(name: string, script: string): void {
    writeFileSync(join(bin, name), `#!/usr/bin/env bash\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  }

  function redisOfVersion(version: string): string {
    return `echo "Redis server v=${version} sha=0 malloc=x bits=64 build=0"`;
  }

  /** An apt on a German machine whose packages hold "program", and whose `download` fails when the command `refuse` succeeds. */
  function machineWithApt(program: string, script: string, refuse = 'false'): void {
    putCommand(
      'apt-cache',
      '[ "$LC_ALL" = C ] && echo "  Depends: libjemalloc2" || echo "  Hängt ab von: libjemalloc2"',
    );
    const calls = join(checkout, 'apt.log');
    const download = `${refuse} && exit 100; touch "\${@: -1}_1_amd64.deb"`;
    putCommand(
      'apt-get',
      `case "$*" in
        *indextargets*) printf '%s\\n' http://mirror.example/debian-security/ http://mirror.example/debian/ ;;
        *update*) echo "$*" >>"${calls}" ;;
        *) ${download} ;;
      esac`,
    );
    const file = `usr/bin/${program}`;
    const content = `#!/usr/bin/env bash\n${script}\n`;
    putCommand(
      'dpkg-deb',
      `echo "$2" >>unpacked\nmkdir -p usr/bin\ncat >${file} <<'END'\n${content}END\nchmod +x ${file}`,
    );
  }

  function updates(): string[] {
    const log = join(checkout, 'apt.log');
    return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
  }

  function run(...programs: string[]) {
    const script = join(checkout, 'scripts/tools.sh');
    const { status, stderr } = spawnSync(whereIs('bash'), [script, ...programs], {
      env: { PATH: bin },
      encoding: 'utf8',
    });
    return { status, stderr };
  }

  function fetched(program: string): string {
    const env = { PATH: bin };
    return spawnSync(join(checkout, '.tools/bin', program), ['--version'], { encoding: 'utf8', env }).stdout;
  }

  it('is content with what the machine has', () => {
    putCommand('redis-server', redisOfVersion('6.2.0'));
    putCommand('promtool', 'exit 0');
    putCommand('kubectl', 'echo "Client Version: v1.27.3"'); // stands in for kustomize
    expect(run('redis-server', 'promtool', 'kustomize')).toEqual({ status: 0, stderr: '' });
  });

  it.each([
    ['redis-server', 'redis-server', 'Redis server v=6.0.16'],
    ['redis-server', 'redis-server', 'Redis server v=5.0.3'],
    ['kustomize', 'kubectl', 'Client Version: v1.26.9'],
  ])('without %s because of an old %s (%s) says loudly that tests are skipped', (program, command, version) => {
    putCommand(command, `echo "${version}"`);
    const missing = `Not found, and could not be fetched: ${program}. Tests that need them are skipped`;
    expect(run(program)).toEqual({ status: 0, stderr: expect.stringContaining(missing) });
    expect(existsSync(join(checkout, '.tools'))).toBe(false);
  });

  it('unpacks one from the packages of the machine, once', () => {
    machineWithApt('redis-server', redisOfVersion('7.0.15'));
    expect(run('redis-server')).toEqual({ status: 0, stderr: expect.stringContaining('Fetching redis-server') });
    expect(fetched('redis-server')).toContain('v=7.0.15');
    const packages = ['redis-tools', 'redis-server', 'libjemalloc2'].map((name) => `${name}_1_amd64.deb\n`);
    expect(readFileSync(join(checkout, '.tools/redis-tools/unpacked'), 'utf8')).toBe(packages.join(''));
    expect(updates()).toEqual([]);
    expect(run('redis-server')).toEqual({ status: 0, stderr: '' });
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
    const source = readFileSync(join(checkout, '.cache/apt/trixie/sources.list'), 'utf8');
    expect(source).toMatch(/^deb \[.*\] http:\/\/mirror\.example\/debian\/ trixie main\n$/);
  });

  it('leaves nothing behind when what it has unpacked does not run', () => {
    machineWithApt('redis-server', 'exit 127');
    expect(run('redis-server')).toEqual({ status: 0, stderr: expect.stringContaining('could not be fetched: redis') });
    expect(readdirSync(join(checkout, '.tools'))).toEqual(['bin']);
    expect(readdirSync(join(checkout, '.tools/bin'))).toEqual([]);
  });
});

function whereIs(tool: string): string {
  return spawnSync('/bin/sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).stdout.trim();
}
