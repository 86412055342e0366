import { eventually } from '../../../../scripts/test-support/until.js';
import { hiddenFiles, linearFiles, manifestOf, writeVersion } from '../../test-support/model-fixtures.js';
import { FAULTY_WORKER_ENTRY, TestService } from '../../test-support/test-service.js';
import type { InferenceOptions } from '../inference.options.js';
import type { WorkerPool } from './worker-pool.js';

/** What the faulty worker hangs on, and what breaks its backend. */
const [HANGS, BREAKS] = [666, 668];
const REASON = '2 workers ended while loading it: memory access out of bounds';

describe('a model whose load breaks the backend', () => {
  let test: TestService;
  beforeEach(() => {
    test = new TestService();
  });
  afterEach(() => test.stop());

  const start = (workers: number, options: Partial<InferenceOptions> = {}) =>
    test.start({ workers, workerEntry: FAULTY_WORKER_ENTRY, ...options });
  const statesOf = () => test.service.models().map(({ name, state, reason }) => [name, reason ?? state]);

  const write = async (name: string, asked: number) => {
    const linear = await linearFiles();
    const golden = { inputs: { x: { shape: [1, 3], data: [asked, 0, 0] } }, outputs: {}, tolerance: 1 };
    writeVersion(test.dir, `${name}/1`, { ...linear, 'falcon.json': manifestOf(linear, { task: 'tensor', golden }) });
  };

  it('is refused, and the models after it are not', async () => {
    for (const name of ['linear', 'poison', 'successor']) await write(name, name === 'poison' ? BREAKS : 1);
    await start(2);
    expect(statesOf()).toEqual([
      ['linear', 'ready'],
      ['poison', REASON],
      ['successor', 'ready'],
    ]);
  });

  it('or takes longer than it may, is refused', async () => {
    await write('linear', HANGS);
    await start(1, { loadTimeoutMs: 1000 });
    const reason = '2 workers ended while loading it: it did not load "linear/1" within 1000 ms';
    expect(statesOf()).toEqual([['linear', reason]]);
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
