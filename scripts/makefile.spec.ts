import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '..');
const MAKEFILE = readFileSync(join(ROOT, 'Makefile'), 'utf8');
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
/** Settings that the caller's environment must not bring into what is printed. */
const env = { PATH: process.env['PATH'] };

const make = (...args: string[]) =>
  execFileSync('make', ['--no-print-directory', ...args], { cwd: ROOT, env, encoding: 'utf8' });
const declared = (/^\.PHONY:((?:.*\\\n)*.*)$/m.exec(MAKEFILE)?.[1] ?? '').split(/[\s\\]+/).filter(Boolean);
const defined = [...MAKEFILE.matchAll(/^([a-z][a-z -]*):(?!=)/gm)].flatMap(([, names = '']) => names.trim().split(' '));

describe('make help', () => {
  const printed = [...make('help').matchAll(/^ {2}make (\S+) +\S/gm)].map(([, target = '']) => target);

  it('lists every target once, with what it does', () => {
    expect(printed.toSorted()).toEqual([...new Set(defined)].toSorted());
  });

  it('lists what is not a file: everything', () => {
    expect(declared.toSorted()).toEqual(printed.toSorted());
  });
});

describe('make', () => {
  it.each(declared)('%s runs programs that exist', (target) => {
    const commands = make('--dry-run', target);
    for (const [script = ''] of commands.matchAll(/(?<![\w/.-])scripts\/[\w/.-]+\.sh/g)) {
      accessSync(join(ROOT, script), constants.X_OK);
    }
    for (const [, app = ''] of commands.matchAll(/\bdist\/(\S+)\.js\b/g)) {
      expect([app, existsSync(join(ROOT, `${app}.ts`))]).toEqual([app, true]);
    }
    for (const [, script = ''] of commands.matchAll(/\bnpm run (?:--silent )?([\w:]+)/g)) {
      expect(Object.keys(scripts)).toContain(script);
    }
  });

  it.each([
    [
      'load-test-spike',
      ['URL=http://host', 'DURATION=30s'],
      'bench -- load-test spike --url http://host --duration 30s',
    ],
    ['demo', ['URL=http://host'], 'scripts/demo.sh http://host'],
    ['db-shell', ["ARGS=-c 'SELECT 1'"], "scripts/db-shell.sh -c 'SELECT 1'"],
    ['redis-cli', ['ARGS=queue PING'], 'scripts/redis-cli.sh queue PING'],
  ])('%s hands on what it is given', (target, given, expected) => {
    expect(make('--dry-run', target, ...given)).toContain(expected);
  });
});
