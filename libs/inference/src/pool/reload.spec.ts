import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../../../scripts/test-support/until.js';
import { linearFiles, writeVersion } from '../../test-support/model-fixtures.js';
import { FATEFUL_WORKER_ENTRY, TestService } from '../../test-support/test-service.js';
import type { ModelWorker } from './model-worker.js';
import type { WorkerPool } from './worker-pool.js';

const NEWEST = 'linear/2';

describe.each(['refuses', 'dies'])('a version that serves and whose load %s in a later worker', (fate) => {
  const test = new TestService();
  let pool: WorkerPool;

  const decide = (what: string) => writeFileSync(join(test.dir, NEWEST, 'fate'), what);
  const serving = () => test.service.models().find((model) => model.serving)?.version;
  const kill = (which: (worker: ModelWorker) => boolean) => pool.live().find(which)?.kill('the test wants it');
  const has = (worker: ModelWorker) => worker.loaded.has(NEWEST);
  const isComplete = () => pool.live().length === 2 && pool.live().every((worker) => worker.loaded.has('linear/1'));

  beforeAll(async () => {
    for (const key of ['linear/1', NEWEST]) writeVersion(test.dir, key, { fate: 'loads' });
    const service = await test.start({ workers: 2, workerEntry: FATEFUL_WORKER_ENTRY });
    pool = service['host']['pools'].get('wasm') as WorkerPool;
    await until(() => pool.workersWith(NEWEST) === 2);
  });
  afterAll(() => test.stop());

  it('is served by those that have it', async () => {
    decide(fate);
    await kill(has);
    await until(() => test.log.lines.some((line) => line.includes('Model could not be loaded again')));
    expect(serving()).toBe('2');
    await until(isComplete);
  });

  it('makes way for an older one when nobody has it any more', async () => {
    await kill(has);
    await until(() => serving() === '1');
    await until(isComplete);
    expect(test.service.isReady()).toBe(true);
  });
});

describe('workers that are lost together', () => {
  const test = new TestService();
  afterAll(() => test.stop());

  it('are replaced at once, as often as they served', async () => {
    writeVersion(test.dir, 'linear/1', { fate: 'loads' });
    const service = await test.start({ workers: 8, workerEntry: FATEFUL_WORKER_ENTRY });
    const pool = service['host']['pools'].get('wasm') as WorkerPool;
    await until(() => pool.workersWith('linear/1') === 8);
    const killed = pool.live().map((worker) => worker.kill('the test wants it'));
    expect(service.stats().workers).toMatchObject([{ live: 0 }]);
    await Promise.all(killed);
    const areBack = until(() => pool.workersWith('linear/1') === 8, { timeoutMs: 9000 }); // the last would wait for 10 s
    expect(await areBack).toBe(true);
  });
});

describe('a version that serves and is refused by a later worker', () => {
  const test = new TestService();
  afterAll(() => test.stop());

  it('is loaded by the same one when nobody has it and it can be read again', async () => {
    const folder = writeVersion(test.dir, 'linear/1', { fate: 'loads' });
    const service = await test.start({ workerEntry: FATEFUL_WORKER_ENTRY });
    const pool = service['host']['pools'].get('wasm') as WorkerPool;
    writeFileSync(join(folder, 'fate'), 'refuses');
    await pool.live()[0]?.kill('the test wants it');
    await until(() => service.models()[0]?.state === 'refused');
    writeFileSync(join(folder, 'fate'), 'loads');
    expect(await until(() => service.isReady())).toBe(true);
    await service.stop();
  });

  it('is refused with a sentence that does not tell where its folder was', async () => {
    const folder = writeVersion(test.dir, 'linear/1', await linearFiles());
    const service = await test.start();
    rmSync(folder, { recursive: true });
    const pool = service['host']['pools'].get('wasm') as WorkerPool;
    await pool.live()[0]?.kill('the test wants it');
    await until(() => service.models()[0]?.state === 'refused');
    expect(service.whyNotReady()).toBe('the folder cannot be read: ENOENT');
    await service.stop();
  });

  it('is loaded by the one after that', async () => {
    const folder = writeVersion(test.dir, 'linear/1', { fate: 'loads' });
    const service = await test.start({ workers: 2, workerEntry: FATEFUL_WORKER_ENTRY });
    const pool = service['host']['pools'].get('wasm') as WorkerPool;
    const workersWith = (count: number) => until(() => pool.workersWith('linear/1') === count);
    await workersWith(2);
    for (const fate of ['refuses', 'loads']) {
      writeFileSync(join(folder, 'fate'), fate);
      await pool.live()[1]?.kill('the test wants it');
      await until(() => pool.live()[1]?.isIdle);
      if (fate === 'refuses')
        await until(() => test.log.lines.some((line) => line.includes('could not be loaded again')));
    }
    expect(await workersWith(2)).toBe(true);
  });
});

describe('a version that one worker refuses before another has loaded it', () => {
  const test = new TestService();
  afterAll(() => test.stop());

  it('is loaded by both in the end', async () => {
    const folder = writeVersion(test.dir, 'linear/1', { fate: 'one waits' });
    const service = await test.start({ workers: 2, workerEntry: FATEFUL_WORKER_ENTRY });
    expect(service.models()).toMatchObject([{ state: 'refused' }]);
    writeFileSync(join(folder, 'fate'), 'loads');
    const pool = service['host']['pools'].get('wasm') as WorkerPool;
    expect(await until(() => pool.workersWith('linear/1') === 2)).toBe(true);
  });
});
