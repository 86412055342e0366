const endings: (() => void)[] = [];

// A test that fails half-way does not stop its load, which would go on against the servers of the tests that follow.
afterEach(() => endings.splice(0).forEach((end) => end()));

/** Has this done at the end of the test, whatever became of it, or of the one whose `beforeEach` asks for it. */
export function endWithTheTest(end: () => void): void {
  endings.push(end);
}
