import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(__dirname, '..');
/** A stack that runs; what it is asked for beyond that is noted. */
const DOCKER = `case "$*" in
  'compose ps '*) echo an-id ;;
  *) printf '%s\\n' "$*" >"$NOTES" ;;
esac`;

/** Runs its last argument on a terminal. */
const TERMINAL = ['script', '-qec'] as const;
const hasTerminal = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') ?? false;
if (!hasTerminal)
  process.stderr.write('SKIPPED, because there is no script of util-linux: a shell of the stack on a terminal\n');

describe('scripts/db-shell.sh and redis-cli.sh', () => {
  let checkout: string;
  let notes: string;

  beforeEach(() => {
    checkout = mkdtempSync(join(tmpdir(), 'falcon-shells-'));
    notes = join(checkout, 'notes');
    for (const folder of ['bin', 'scripts', 'secrets']) mkdirSync(join(checkout, folder));
    const scripts = readdirSync(__dirname).filter((name) => name.endsWith('.sh'));
    for (const file of ['.nvmrc', ...scripts.map((name) => `scripts/${name}`)])
      cpSync(join(ROOT, file), join(checkout, file));
    writeFileSync(join(checkout, 'secrets/redis-url'), 'redis://:a-password@redis-cache:6379');
  });
  afterEach(() => rmSync(checkout, { recursive: true }));

  function putCommand(name: string, script: string): void {
    const file = join(checkout, 'bin', name);
    writeFileSync(file, `#!/usr/bin/env bash\n${script}\n`);
    chmodSync(file, 0o755);
  }

  /** What the program that the script ends with has noted. */
  function noted(command: readonly string[], env: NodeJS.ProcessEnv = {}): string {
    const [program = '', ...args] = command;
    const { status, stderr } = spawnSync(program, args, {
      cwd: checkout,
      encoding: 'utf8',
      env: { PATH: `${join(checkout, 'bin')}:${process.env['PATH']}`, NOTES: notes, ...env },
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return readFileSync(notes, 'utf8').trim();
  }

  it('tell a running stack that there is no terminal', () => {
    putCommand('docker', DOCKER);
    expect(noted(['scripts/db-shell.sh', '-l'])).toMatch(/^compose exec -T postgres sh -c .* psql -l$/);
    expect(noted(['scripts/redis-cli.sh', 'PING'])).toBe('compose exec -T -e REDISCLI_AUTH redis-cache redis-cli PING');
  });

  (hasTerminal ? it : it.skip)('give a terminal to a running stack where there is one', () => {
    putCommand('docker', DOCKER);
    expect(noted([...TERMINAL, 'scripts/db-shell.sh', '/dev/null'])).toMatch(/^compose exec postgres sh -c /);
    expect(noted([...TERMINAL, 'scripts/redis-cli.sh', '/dev/null'])).toBe(
      'compose exec -e REDISCLI_AUTH redis-cache redis-cli',
    );
  });

  it('find the Postgres that Falcon has started, wherever its socket is', () => {
    const folder = join(checkout, 'a b%c');
    mkdirSync(join(folder, 'postgres/data'), { recursive: true });
    writeFileSync(join(folder, 'postgres/data/postmaster.pid'), `1\ndata\n2\n5433\n${folder}\n`);
    putCommand('docker', 'exit 1');
    putCommand('psql', 'printf "%s|" "$PGHOST" "$PGPORT" "$PGUSER" "$PGDATABASE" "$@" >"$NOTES"');
    expect(noted(['scripts/db-shell.sh', '-c', 'SELECT 1'], { DATA_DIR: folder })).toBe(
      `${folder}|5433|falcon|falcon|-c|SELECT 1|`,
    );
  });
});
