// Sums Jest's result files into one line, `N passed, N failed`, and exits with 1 when anything failed.
// Usage: node scripts/count-tests.mjs <exit status of the whole run> <folder with Jest's JSON results>
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const [status, folder] = process.argv.slice(2);
const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];
const sum = { passed: 0, failed: 0, skipped: 0 };
for (const name of files) {
  const result = JSON.parse(readFileSync(join(folder, name), 'utf8'));
  sum.passed += result.numPassedTests;
  sum.failed += result.numFailedTests + result.numRuntimeErrorTestSuites; // a suite that does not even load has no tests
  sum.skipped += result.numPendingTests + result.numTodoTests;
}
if (status !== '0' && sum.failed === 0) sum.failed = 1; // lint, types or build stopped the run
const skipped = sum.skipped > 0 ? `, ${sum.skipped} skipped` : '';
console.log(`${sum.passed} passed, ${sum.failed} failed${skipped}`);
process.exit(sum.failed === 0 && status === '0' ? 0 : 1);
