// Names what failed, each file and reason once, and sums Jest's result files into one line, `N passed, N failed`; exits with 1
// when anything failed.
// Usage: node scripts/count-tests.mjs <exit status of the whole run> <folder with Jest's JSON results>
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

const [status, folder] = process.argv.slice(2);
const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];
const sum = { passed: 0, failed: 0, skipped: 0 };
for (const name of files) {
  const result = JSON.parse(readFileSync(join(folder, name), 'utf8'));
  sum.passed += result.numPassedTests;
  sum.failed += result.numFailedTests + result.numRuntimeErrorTestSuites; // a suite that does not even load has no tests
  sum.skipped += result.numPendingTests + result.numTodoTests;
  for (const suite of result.testResults) reportFailures(suite);
}
if (status !== '0' && sum.failed === 0) sum.failed = 1; // lint, types or build stopped the run
const skipped = sum.skipped > 0 ? `, ${sum.skipped} skipped` : '';
console.log(`${sum.passed} passed, ${sum.failed} failed${skipped}`);
process.exit(sum.failed === 0 && status === '0' ? 0 : 1);

/** A hook that fails makes every test of its file fail for the same reason. */
function reportFailures({ name, status, message, assertionResults }) {
  if (status !== 'failed') return;
  const failed = assertionResults.filter((test) => test.status === 'failed');
  const byReason = new Map();
  for (const { fullName, failureMessages } of failed) {
    const reason = firstLine(failureMessages[0] ?? '');
    byReason.set(reason, [...(byReason.get(reason) ?? []), fullName]);
  }
  if (failed.length === 0) byReason.set(firstLine(message), ['outside of its tests']);
  for (const [reason, [first, ...others]] of byReason) {
    const more = others.length > 0 ? ` (and ${others.length} more)` : '';
    console.log(`failed: ${relative(process.cwd(), name)}: ${first}${more}\n        ${reason}`);
  }
}

/** Below the heading that Jest puts over some messages. */
function firstLine(message) {
  const lines = stripVTControlCharacters(message)
    .split('\n')
    .map((line) => line.trim());
  return lines.find((line) => line !== '' && !line.startsWith('●')) ?? '';
}
