import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(__dirname, '..');
const SYSTEM_TOOLS = 'bash cat chmod dirname grep id mkdir mktemp mv rm sed sort timeout touch'.split(' ');
const NOT_FOUND = 'Redis was not found and could not be fetched: tests that need it are skipped; install redis-server';

/** A checkout on a machine whose apt is made of scripts. */
describe('scripts/redis.sh', () => {
  let checkout: string;
  let bin: string;

  beforeEach(() => {
    checkout = mkdtempSync(join(tmpdir(), 'falcon redis '));
    bin = join(checkout, 'bin');
    for (const folder of ['bin', 'scripts']) mkdirSync(join(checkout, folder));
    for (const file of ['.nvmrc', 'scripts/node.sh', 'scripts/redis.sh'])
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

  /** An apt whose packages hold a Redis. */
  function machineWithApt(packaged = redisOfVersion('7.0.15')): void {
    putCommand(
      'apt-cache',
      'case "$*" in *depends*) echo "  Depends: libjemalloc2";; *) echo "Filename: pool/x";; esac',
    );
    putCommand('apt-get', 'touch "${@: -1}_1_amd64.deb"');
    const program = `#!/usr/bin/env bash\n${packaged}\n`;
    putCommand(
      'dpkg-deb',
      `mkdir -p root/usr/bin\ncat >root/usr/bin/redis-server <<'END'\n${program}END\nchmod +x root/usr/bin/redis-server`,
    );
  }

  function run(path = bin) {
    const script = join(checkout, 'scripts/redis.sh');
    const { status, stderr } = spawnSync(whereIs('bash'), [script], { env: { PATH: path }, encoding: 'utf8' });
    return { status, stderr };
  }

  it('is content with a redis-server of the machine', () => {
    putCommand('redis-server', redisOfVersion('6.2.0'));
    expect(run()).toEqual({ status: 0, stderr: '' });
  });

  it.each(['6.0.16', '5.0.3'])('does not take Redis %s, and says loudly that tests are skipped', (version) => {
    putCommand('redis-server', redisOfVersion(version));
    expect(run()).toEqual({ status: 0, stderr: expect.stringContaining(NOT_FOUND) });
    expect(existsSync(join(checkout, '.redis'))).toBe(false);
  });

  it('unpacks one from the packages of the machine, once', () => {
    machineWithApt();
    expect(run()).toEqual({ status: 0, stderr: expect.stringContaining('Fetching a Redis server') });
    const fetched = spawnSync(join(checkout, '.redis/redis-server'), ['--version'], {
      encoding: 'utf8',
      env: { PATH: bin },
    });
    expect(fetched.stdout).toContain('v=7.0.15');
    expect(run()).toEqual({ status: 0, stderr: '' });
  });

  it('leaves nothing behind when what it has unpacked does not run', () => {
    machineWithApt('exit 127');
    expect(run()).toEqual({ status: 0, stderr: expect.stringContaining(NOT_FOUND) });
    expect(readdirSync(checkout).filter((name) => name.startsWith('.redis'))).toEqual([]);
  });
});

function whereIs(tool: string): string {
  return spawnSync('/bin/sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).stdout.trim();
}
