import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const none = {
  numPassedTests: 0,
  numFailedTests: 0,
  numRuntimeErrorTestSuites: 0,
  numPendingTests: 0,
  numTodoTests: 0,
};

describe('scripts/count-tests.mjs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'falcon-count-'));

  afterAll(() => rmSync(folder, { recursive: true }));

  function count(makeStatus: number, results: Partial<typeof none>[], from = folder) {
    for (const name of ['unit', 'e2e']) rmSync(join(folder, `${name}.json`), { force: true });
    results.forEach((result, index) => {
      writeFileSync(join(folder, `${['unit', 'e2e'][index]}.json`), JSON.stringify({ ...none, ...result }));
    });
    const script = join(__dirname, 'count-tests.mjs');
    const { status, stdout } = spawnSync(process.execPath, [script, String(makeStatus), from], { encoding: 'utf8' });
    return { status, line: stdout.trim() };
  }

  it('sums the unit and the end-to-end tests', () => {
    expect(count(0, [{ numPassedTests: 30 }, { numPassedTests: 12 }])).toEqual({
      status: 0,
      line: '42 passed, 0 failed',
    });
  });

  it('tells the skipped ones apart', () => {
    const line = '1 passed, 0 failed, 3 skipped';
    expect(count(0, [{ numPassedTests: 1, numPendingTests: 2 }, { numTodoTests: 1 }])).toEqual({ status: 0, line });
  });

  it('counts a suite that does not load as a failure', () => {
    const results = [{ numPassedTests: 5, numFailedTests: 1, numRuntimeErrorTestSuites: 1 }];
    expect(count(2, results)).toEqual({ status: 1, line: '5 passed, 2 failed' });
  });

  it('counts a run that broke off before or after the tests as one failure', () => {
    expect(count(2, [])).toEqual({ status: 1, line: '0 passed, 1 failed' });
    expect(count(2, [{ numPassedTests: 5 }])).toEqual({ status: 1, line: '5 passed, 1 failed' });
    expect(count(2, [], join(folder, 'absent'))).toEqual({ status: 1, line: '0 passed, 1 failed' });
  });
});
