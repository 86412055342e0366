import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { temporaryFolder } from '../../../../scripts/test-support/temporary-folder.js';
import { describeWhere } from '../../../../scripts/test-support/tools.js';
import { until } from '../../../../scripts/test-support/until.js';
import { linearFiles, WORKER_ENTRY, writeVersion } from '../../test-support/model-fixtures.js';
import { x } from '../../test-support/test-service.js';
import { WorkerPool } from './worker-pool.js';

const KEY = 'linear/1';
const SETTINGS = { backend: 'wasm', maxWeightBytes: 2 ** 30, maxBatchBytes: 2 ** 20, batchSize: 4 } as const;
const OPTIONS = {
  entry: WORKER_ENTRY,
  settings: SETTINGS,
  size: 1,
  maxHeapBytes: 2 ** 30,
  loadTimeoutMs: 60_000,
  maxSilenceMs: 10_000,
};

describe('WorkerPool', () => {
  const dir = temporaryFolder();

  it('replaces a worker whose heap has grown too large, once it has answered all that it was given', async () => {
    const folder = writeVersion(dir, KEY, await linearFiles());
    const lost: string[] = [];
    const loads = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const options = { ...OPTIONS };
    const pool = new WorkerPool(options, {
      free: () => false,
      loaded: () => loads.shift()?.resolve(),
      refused: (_, reason) => lost.push(reason),
      lost: (reason) => lost.push(reason),
    });
    const [first, second] = loads;
    pool.add(KEY, { folder, manifest: undefined });
    await pool.start();
    await first?.promise;

    const worker = pool.freeWorker(KEY);
    const how = { timeoutMs: 5000, isAlone: false, onBegun: () => undefined };
    const run = () => worker?.run(KEY, { tensors: [x([1, 2, 3])] }, how);
    const batches = [run(), run()];
    await batches[0];
    options.maxHeapBytes = 1; // any heap is larger
    if (worker) pool.next(worker, true);
    expect(pool.freeWorker(KEY)).toBeUndefined();
    await expect(batches[1]).resolves.toHaveProperty('computed');
    expect(lost).toEqual([]);

    if (worker) pool.next(worker, true);
    options.maxHeapBytes = 2 ** 30;
    await second?.promise;
    expect(lost).toEqual([expect.stringMatching(/^its wasm heap has grown to \d+ bytes$/)]);
    expect(pool.freeWorker(KEY)).not.toBe(worker);
    await pool.stop();
  });

  it('may be stopped before its first worker has started, which is no failure of the backend', async () => {
    const nothing = () => undefined;
    const pool = new WorkerPool(OPTIONS, { free: () => false, loaded: nothing, refused: nothing, lost: nothing });
    const starting = pool.start();
    await pool.stop();
    await expect(starting).resolves.toBeUndefined();
  });

  it('tries again when the system does not grant it a thread', async () => {
    const lost: string[] = [];
    const options = { ...OPTIONS };
    const nothing = () => undefined;
    const pool = new WorkerPool(options, {
      free: () => false,
      loaded: nothing,
      refused: nothing,
      lost: (reason) => lost.push(reason),
    });
    await pool.start();
    options.entry = 'worker-main.js'; // as with too many threads, the constructor of Worker throws: the path must be absolute
    await pool.live()[0]?.kill('the test wants it');
    await until(() => lost.length > 2);
    expect(lost.at(-1)).toContain('The worker script or module filename must be an absolute path');
    options.entry = WORKER_ENTRY;
    await until(() => pool.live()[0]?.isUp);
    await pool.stop();
  });

  describeWhere(process.platform === 'linux', 'this is not Linux', 'a worker pool on Linux', () => {
    it('computes in a thread that lets the one that serves go first', async () => {
      const nothing = () => undefined;
      const pool = new WorkerPool(OPTIONS, { free: () => false, loaded: nothing, refused: nothing, lost: nothing });
      await pool.start();
      const niceness = nicenessOf('falcon-wasm');
      await pool.stop();
      expect(niceness).toEqual([Math.min(getPriority() + 5, 19)]);
    });
  });
});

/** Niceness of this process's threads of a name; it is the 19th field of proc_pid_stat(5), the 17th after the name. */
function nicenessOf(name: string): number[] {
  const stats = readdirSync('/proc/self/task').map((id) => readFileSync(`/proc/self/task/${id}/stat`, 'utf8'));
  return stats.flatMap((stat) =>
    stat.includes(`(${name})`) ? [Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])] : [],
  );
}
