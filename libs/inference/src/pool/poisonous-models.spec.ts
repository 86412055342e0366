import { eventually } from '../../../../scripts/test-support/until.js';
import { hiddenFiles, linearFiles, manifestOf, writeVersion } from '../../test-support/model-fixtures.js';
import { FAULTY_WORKER_ENTRY, TestService } from '../../test-support/test-service.js';
import type { WorkerPool } from './worker-pool.js';

/** What breaks the backend of the faulty worker. */
const BREAKS = 668;
const REASON = '2 workers ended while loading it: memory access out of bounds';

describe('a model whose load breaks the backend', () => {
  let test: TestService;
  beforeEach(() => {
    test = new TestService();
  });
  afterEach(() => test.stop());

  const start = (workers: number) => test.start({ workers, workerEntry: FAULTY_WORKER_ENTRY });
  const statesOf = () => test.service.models().map(({ name, state, reason }) => [name, reason ?? state]);

  it('is refused, and the models after it are not', async () => {
    const linear = await linearFiles();
    for (const name of ['linear', 'poison', 'successor']) {
      const x = { shape: [1, 3], data: [name === 'poison' ? BREAKS : 1, 0, 0] };
      const golden = { inputs: { x }, outputs: {}, tolerance: 1 };
      writeVersion(test.dir, `${name}/1`, { ...linear, 'falcon.json': manifestOf(linear, { task: 'tensor', golden }) });
    }
    await start(2);
    expect(statesOf()).toEqual([
      ['linear', 'ready'],
      ['poison', REASON],
      ['successor', 'ready'],
    ]);
  });

  it('is refused although it has served before, and does not end one worker after the other', async () => {
    const folder = writeVersion(test.dir, 'linear/1', await hiddenFiles(1));
    writeVersion(test.dir, 'successor/1', await linearFiles());
    const service = await start(1);
    writeVersion(folder, '.', await hiddenFiles(BREAKS));
    const pool = service['host']['pools'].get('wasm') as WorkerPool;
    await pool.live()[0]?.kill('the test wants it');
    await eventually(() => expect(statesOf()[0]).toEqual(['linear', REASON]));
    await eventually(() => expect(pool.workersWith('successor/1')).toBe(1));
  });
});
