import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { temporaryFolder } from './test-support/temporary-folder.js';

const root = resolve(__dirname, '..');
const lines = (count: number) => Array.from({ length: count }, (_, line) => `export const line${line} = ${line};`);
const body = (count: number) =>
  ['export function long(): void {', ...Array<string>(count - 2).fill('  work();'), '}'].join('\n');

const cleanTree: Record<string, string> = {
  'apps/api/src/config.ts': 'export const home = process.env.HOME;',
  'libs/cache/src/full-file.ts': lines(250).join('\n'),
  'libs/cache/src/full-function.ts': `declare const work: () => void;\n${body(50)}`,
  'libs/cache/src/four.ts': 'export const sum = (a: number, b: number, c: number, d: number) => a + b + c + d;',
};

/** For each limit a file that is one over it. */
const violations: [rule: string, file: string, source: string][] = [
  ['node(no-process-env)', 'libs/cache/src/environment.ts', 'export const home = process.env.HOME;'],
  ['node(no-process-env)', 'apps/api/src/main.ts', `export const home = process['env'].HOME;`],
  ['eslint(no-restricted-imports)', 'apps/api/src/sneaky.ts', `export { env } from 'node:process';`],
  ['eslint(max-lines)', 'libs/cache/src/long-file.ts', lines(251).join('\n')],
  ['eslint(max-lines-per-function)', 'libs/cache/src/long-function.ts', `declare const work: () => void;\n${body(51)}`],
  [
    'eslint(max-params)',
    'libs/cache/src/five.ts',
    'export const sum = (a: 1, b: 1, c: 1, d: 1, e: 1) => a + b + c + d + e;',
  ],
  ['typescript(no-explicit-any)', 'libs/cache/src/any.ts', 'export const anything = (value: any): void => value;'],
  [
    'typescript(no-floating-promises)',
    'libs/cache/src/floating.ts',
    'export const go = (): void => {\n  Promise.reject(1);\n};',
  ],
  ['eslint(no-console)', 'libs/cache/src/chatty.ts', `console.log('hello');`],
];

describe('the style limits', () => {
  let tree: string;

  beforeEach(() => {
    tree = temporaryFolder();
    for (const file of ['.oxlintrc.json', 'tsconfig.json']) cpSync(join(root, file), join(tree, file));
    mkdirSync(join(tree, 'node_modules'));
    for (const name of ['.bin', '@types'])
      symlinkSync(join(root, 'node_modules', name), join(tree, 'node_modules', name));
    for (const [file, source] of Object.entries(cleanTree)) plant(file, source);
  });

  function plant(file: string, source: string): void {
    mkdirSync(dirname(join(tree, file)), { recursive: true });
    writeFileSync(join(tree, file), source);
  }

  /** Runs the command of `npm run lint` in the tree. */
  function lint() {
    const oxlint = join(root, 'node_modules', '.bin', 'oxlint');
    const { status, stdout } = spawnSync(oxlint, ['--type-aware', '--deny-warnings', '--format=json'], {
      cwd: tree,
      encoding: 'utf8',
    });
    const { diagnostics } = JSON.parse(stdout) as { diagnostics: { code: string; filename: string }[] };
    return { status, found: diagnostics.map(({ code, filename }) => `${code}: ${filename}`).toSorted() };
  }

  it('let code pass that is exactly at the limit', () => {
    expect(lint()).toEqual({ status: 0, found: [] });
  });

  it('are each broken by the file planted to break it, and by no other', () => {
    for (const [, file, source] of violations) plant(file, source);
    expect(lint()).toEqual({ status: 1, found: violations.map(([rule, file]) => `${rule}: ${file}`).toSorted() });
  });
});
