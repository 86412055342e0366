import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './test-support/temporary-folder.js';

interface Suite {
  name: string;
  status: 'passed' | 'failed';
  message: string;
  assertionResults: { fullName: string; status: 'passed' | 'failed'; failureMessages: string[] }[];
}

const none = {
  numPassedTests: 0,
  numFailedTests: 0,
  numRuntimeErrorTestSuites: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: [] as Suite[],
};

describe('scripts/count-tests.mjs', () => {
  const folder = temporaryFolder();

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

  it('names what failed before the sum, each reason of a file once', () => {
    const test = (fullName: string, ...failureMessages: string[]) => ({
      fullName,
      status: failureMessages.length > 0 ? ('failed' as const) : ('passed' as const),
      failureMessages,
    });
    const hook = 'Error: not ready:\n{"level":"INFO"}\n    at start';
    const unloadable = { status: 'failed' as const, message: '  ● Test suite failed to run\n\n    no such module' };
    const testResults: Suite[] = [
      {
        name: join(process.cwd(), 'a.spec.ts'),
        status: 'failed',
        message: '',
        assertionResults: [
          test('one', hook),
          test('two', hook),
          test('three'),
          test('four', '\u001b[31mwrong\u001b[39m'),
        ],
      },
      { name: join(process.cwd(), 'b.spec.ts'), ...unloadable, assertionResults: [] },
      { name: join(process.cwd(), 'c.spec.ts'), status: 'passed', message: '', assertionResults: [test('five')] },
    ];
    expect(count(1, [{ numFailedTests: 3, numRuntimeErrorTestSuites: 1, testResults }]).line.split('\n')).toEqual([
      'failed: a.spec.ts: one (and 1 more)',
      '        Error: not ready:',
      'failed: a.spec.ts: four',
      '        wrong',
      'failed: b.spec.ts: outside of its tests',
      '        no such module',
      '0 passed, 4 failed',
    ]);
  });
});
