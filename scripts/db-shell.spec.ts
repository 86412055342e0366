import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { FakeCommands } from './test-support/fake-commands.js';
import { temporaryFolder } from './test-support/temporary-folder.js';
import { describeWhere } from './test-support/tools.js';

const ROOT = resolve(__dirname, '..');
const hasTerminal = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') ?? false;
const RUNNING_STACK = '[ "$2" != ps ] || echo an-id';
/** Runs a command on a terminal. */
const onTerminal = (command: string) => ['script', '-qec', command, '/dev/null'];

describe('scripts/db-shell.sh and redis-cli.sh', () => {
  let checkout: string;
  let commands: FakeCommands;

  beforeEach(() => {
    commands = new FakeCommands();
    checkout = temporaryFolder();
    for (const folder of ['scripts', 'secrets']) mkdirSync(join(checkout, folder));
    const scripts = readdirSync(__dirname).filter((name) => name.endsWith('.sh'));
    for (const file of ['.nvmrc', ...scripts.map((name) => `scripts/${name}`)])
      cpSync(join(ROOT, file), join(checkout, file));
    writeFileSync(join(checkout, 'secrets/redis-url'), 'redis://:a-password@redis-cache:6379');
  });

  /** What is asked last. */
  function asked([program = '', ...args]: readonly string[], env: NodeJS.ProcessEnv = {}): string | undefined {
    const options = {
      cwd: checkout,
      encoding: 'utf8',
      env: { PATH: `${commands.folder}:${process.env['PATH']}`, ...env },
    } as const;
    const { status, stderr } = spawnSync(program, args, options);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return commands.calls().at(-1);
  }

  it('tell a running compose stack that there is no terminal', () => {
    commands.put('docker', RUNNING_STACK);
    expect(asked(['scripts/db-shell.sh', '-l'])).toMatch(/^docker compose exec -T postgres sh -c .* psql -l$/);
    expect(asked(['scripts/redis-cli.sh', 'PING'])).toBe(
      'docker compose exec -T -e REDISCLI_AUTH redis-cache redis-cli PING',
    );
  });

  describeWhere(hasTerminal, 'there is no script of util-linux', 'on a terminal', () => {
    it('hand it on to a running compose stack', () => {
      commands.put('docker', RUNNING_STACK);
      expect(asked(onTerminal('scripts/db-shell.sh'))).toMatch(/^docker compose exec postgres sh -c /);
      expect(asked(onTerminal('scripts/redis-cli.sh'))).toBe(
        'docker compose exec -e REDISCLI_AUTH redis-cache redis-cli',
      );
    });
  });

  it('find the Postgres that Falcon has started, wherever its socket is', () => {
    const folder = join(checkout, 'a b%c');
    mkdirSync(join(folder, 'postgres/data'), { recursive: true });
    writeFileSync(join(folder, 'postgres/data/postmaster.pid'), `1\ndata\n2\n5433\n${folder}\n`);
    commands.put('docker', 'exit 1');
    commands.put('psql', 'echo "$# $PGUSER@$PGHOST:$PGPORT/$PGDATABASE" >>notes');
    expect(asked(['scripts/db-shell.sh', '-c', 'SELECT 1'], { DATA_DIR: folder })).toBe(
      `2 falcon@${folder}:5433/falcon`,
    );
  });
});
