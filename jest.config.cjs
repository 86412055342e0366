const { mkdirSync } = require('node:fs');
const { join } = require('node:path');

mkdirSync(join(__dirname, '.cache', 'test-results'), { recursive: true }); // Jest does not make the folder of --outputFile

/** Unit tests sit beside the source and need no network; end-to-end tests start the app and speak HTTP. */
const common = {
  rootDir: __dirname,
  modulePathIgnorePatterns: ['<rootDir>/\\.tools/'], // packages of another system, fetched for tests
  testEnvironment: 'node',
  moduleFileExtensions: ['ts', 'js', 'json'],
  resolver: '<rootDir>/scripts/jest-resolver.cjs',
  moduleNameMapper: { '^@app/([^/]+)$': '<rootDir>/libs/$1/src/index.ts' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        sourceMaps: 'inline',
        jsc: {
          target: 'es2024',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
        module: { type: 'commonjs' },
      },
    ],
  },
};

module.exports = {
  testTimeout: 60_000, // a machine that is busy with something else is slow, not broken; `until` waits for half as long
  projects: [
    { ...common, displayName: 'unit', testMatch: ['<rootDir>/{apps,libs,bench,deploy,k8s,scripts}/**/*.spec.ts'] },
    { ...common, displayName: 'e2e', testMatch: ['<rootDir>/apps/*/test/**/*.e2e-spec.ts'] },
  ],
};
