import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { temporaryFolder } from './test-support/temporary-folder.js';

const root = resolve(__dirname, '..');

/** A tree in which everybody imports as architecture.md allows. */
const cleanTree: Record<string, string> = {
  'libs/resilience/src/index.ts': `export { default as breaker } from 'opossum';`,
  'libs/inference/src/index.ts': `export { predict } from './predict';`,
  'libs/inference/src/predict.ts': `import '@tensorflow/tfjs-core';\nimport '@app/resilience';\nexport const predict = 1;`,
  'libs/cache/src/index.ts': `import '@app/resilience';\nexport const cache = 1;`,
  'libs/cache/src/round.ts': `import './and-round';`,
  'libs/cache/src/and-round.ts': `export {};`,
  'libs/audit-log/src/index.ts': `import 'typeorm';\nimport '@app/resilience';\nexport const audit = 1;`,
  'libs/ops/src/index.ts': `export const ops = 1;`,
  'apps/api/src/main.ts': ['inference', 'cache', 'audit-log', 'ops'].map((lib) => `import '@app/${lib}';`).join('\n'),
  'apps/cli/src/main.ts': `import './train/train';\nimport '@app/inference';\nexport const cli = 1;`,
  'apps/cli/src/train/train.ts': `import '@tensorflow/tfjs-core';`,
  'apps/api/test/infer.e2e-spec.ts': `import '../src/main';\nimport 'only-for-tests';\nimport './support/start';`,
  'apps/api/test/support/start.ts': `import '../../../../libs/audit-log/test-support/start';`,
  'libs/audit-log/test-support/start.ts': `import '../src/index';`,
  'bench/main.ts': `import '@tensorflow/tfjs-core';\nimport '@app/inference';\nimport '../libs/audit-log/test-support/start';`,
};

/** For each rule a file that breaks it, and it alone. */
const violations: [rule: string, file: string, source: string][] = [
  ['nothing-imports-an-app', 'apps/api/src/borrows.ts', `import '../../cli/src/main';`],
  ['nothing-imports-an-app', 'libs/ops/src/upwards.ts', `import '../../../apps/cli/src/main';`],
  ['feature-libraries-do-not-know-each-other', 'libs/cache/src/nosy.ts', `import '@app/inference';`],
  [
    'feature-libraries-do-not-know-each-other',
    'libs/audit-log/src/nosy.ts',
    `import type { predict } from '@app/inference';`,
  ],
  ['resilience-is-the-ground-floor', 'libs/resilience/src/upwards.ts', `import '@app/ops';`],
  ['ops-knows-no-other-library', 'libs/ops/src/sideways.ts', `import '@app/resilience';`],
  ['every-library-has-a-place', 'apps/api/src/drawer.ts', `import '@app/common';`],
  ['enter-a-library-by-its-name', 'apps/api/src/deep.ts', `import '../../../libs/inference/src/predict';`],
  ['enter-a-library-by-its-name', 'apps/api/src/relative.ts', `import '../../../libs/inference/src/index';`],
  ['enter-a-library-by-its-name', 'libs/cache/src/relative.ts', `import '../../resilience/src/index';`],
  [
    'tests-of-an-app-bench-and-drills-enter-a-library-by-its-name-or-its-test-support',
    'apps/api/test/deep.e2e-spec.ts',
    `import '../../../libs/inference/src/predict';`,
  ],
  [
    'tests-of-an-app-bench-and-drills-enter-a-library-by-its-name-or-its-test-support',
    'bench/deep.ts',
    `import '../libs/inference/src/predict';`,
  ],
  ['every-import-resolves', 'apps/api/src/deep-by-name.ts', `import '@app/inference/src/predict';`],
  ['a-library-does-not-call-itself-by-name', 'libs/ops/src/mirror.ts', `import '@app/ops';`],
  ['no-circles', 'libs/cache/src/and-round.ts', `import './round';`],
  ['only-resilience-imports-opossum', 'apps/api/src/breaker.ts', `import 'opossum';`],
  ['only-resilience-imports-opossum', 'libs/inference/src/breaker.ts', `import 'opossum';`],
  ['tensorflow-stays-in-inference', 'apps/api/src/tensors.ts', `import '@tensorflow/tfjs-core';`],
  ['tensorflow-stays-in-inference', 'apps/cli/src/evaluate.ts', `import '@tensorflow/tfjs-core';`],
  [
    'tensorflow-stays-in-inference',
    'apps/cli/src/loads-lazily.ts',
    `export const tf = import('@tensorflow/tfjs-core');`,
  ],
  ['only-audit-log-imports-its-stores', 'apps/api/src/table.ts', `import 'typeorm';`],
  ['only-audit-log-imports-its-stores', 'libs/cache/src/queue.ts', `import type { Queue } from 'bullmq';`],
  ['production-code-needs-no-dev-dependency', 'apps/api/src/tester.ts', `import 'only-for-tests';`],
  ['production-code-does-not-import-tests', 'apps/api/src/tested.ts', `import '../test/infer.e2e-spec';`],
  ['production-code-does-not-import-tests', 'libs/audit-log/src/tested.ts', `import '../test-support/start';`],
];

const FOR_TESTS = 'only-for-tests';
const npmPackages = ['opossum', '@tensorflow/tfjs-core', 'typeorm', 'bullmq', FOR_TESTS];

describe('the import rules', () => {
  let tree: string;

  beforeEach(() => {
    tree = temporaryFolder();
    cpSync(join(root, 'tsconfig.json'), join(tree, 'tsconfig.json'));
    symlinkSync(join(root, 'node_modules', 'typescript'), join(mkdir('node_modules'), 'typescript'));
    for (const name of npmPackages) plant(`node_modules/${name}/index.js`, '');
    for (const name of npmPackages)
      plant(`node_modules/${name}/package.json`, JSON.stringify({ name, main: 'index.js' }));
    const versions = npmPackages.map((name) => [name, '1.0.0'] as const);
    const dependencies = Object.fromEntries(versions.filter(([name]) => name !== FOR_TESTS));
    plant('package.json', JSON.stringify({ dependencies, devDependencies: { [FOR_TESTS]: '1.0.0' } }));
    plant('scripts/empty.ts', 'export {};');
    plant('libs/common/src/index.ts', 'export {};');
    for (const [file, source] of Object.entries(cleanTree)) plant(file, source);
  });

  function mkdir(path: string): string {
    mkdirSync(join(tree, path), { recursive: true });
    return join(tree, path);
  }

  function plant(file: string, source: string): void {
    mkdir(dirname(file));
    writeFileSync(join(tree, file), source);
  }

  /** Runs the command of `npm run lint:imports` in the tree. */
  function lintImports(outputType: 'err' | 'json') {
    const depcruise = join(root, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruiser.mjs');
    const config = join(root, '.dependency-cruiser.cjs');
    const folders = ['apps', 'libs', 'bench', 'scripts'];
    return spawnSync(process.execPath, [depcruise, '--config', config, '--output-type', outputType, ...folders], {
      cwd: tree,
      encoding: 'utf8',
    });
  }

  it('let a tree pass that keeps them', () => {
    expect(lintImports('err')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('no dependency violations'),
    });
  });

  it('are each broken by the file planted to break it, and by no other', () => {
    for (const [, file, source] of violations) plant(file, source);
    const { summary } = JSON.parse(lintImports('json').stdout) as {
      summary: { violations: { from: string; rule: { name: string } }[] };
    };
    const found = summary.violations.map(({ from, rule }) => `${rule.name}: ${from}`);
    expect(found.toSorted()).toEqual(violations.map(([rule, file]) => `${rule}: ${file}`).toSorted());
  });

  it('fail the command and name the rule and the file', () => {
    for (const [, file, source] of violations) plant(file, source);
    const { status, stdout } = lintImports('err');
    expect(status).toBe(violations.length);
    for (const [rule, file] of violations) expect(stdout).toMatch(new RegExp(`error ${rule}: ${file}`));
  });

  it('have a planted violation each', () => {
    const { forbidden } = jest.requireActual<{ forbidden: { name: string }[] }>('../.dependency-cruiser.cjs');
    expect(new Set(violations.map(([rule]) => rule))).toEqual(new Set(forbidden.map(({ name }) => name)));
  });
});
