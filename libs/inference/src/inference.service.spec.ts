import { einsumFiles, embeddingFiles, linearFiles, writeVersion } from '../test-support/model-fixtures.js';
import { FAULTY_WORKER_ENTRY, TestService, x } from '../test-support/test-service.js';
import type { InferenceService } from './inference.service.js';
import type { NamedTensors } from './tensors.js';

function ids(...row: number[]): NamedTensors {
  return { ids: { dtype: 'int32', shape: [1, row.length], data: Int32Array.from(row) } };
}

describe('InferenceService', () => {
  const test = new TestService();
  let service: InferenceService;

  beforeAll(async () => {
    const linear = await linearFiles();
    for (const version of ['1', '2', '10']) writeVersion(test.dir, `linear/${version}`, linear);
    writeVersion(test.dir, 'embedding/1', await embeddingFiles());
    writeVersion(test.dir, 'fixed/1', await linearFiles(2));
    writeVersion(test.dir, 'einsum/1', einsumFiles());
    service = await test.start();
  });

  afterAll(() => test.stop());

  const softmax = async (input: NamedTensors) => (await service.predict(input, { model: 'embedding' }))['classes'];

  it('is ready when the default model is', () => {
    expect(service.isReady()).toBe(true);
  });

  it('says what its workers hold before they have computed anything', () => {
    const wasm = service.stats().workers.find(({ backend }) => backend === 'wasm');
    expect(wasm?.liveTensors).toBeGreaterThan(0);
    expect(wasm?.heapBytes).toBeGreaterThan(0);
  });

  it('answers with the default model', async () => {
    const { y } = await service.predict(x([1, 2, 3], [4, 5, 6]));
    expect(y).toEqual({ dtype: 'float32', shape: [2, 3], data: Float32Array.from([3, 5, 7, 9, 11, 13]) });
  });

  it('serves the version with the highest number', () => {
    const serving = service.models().filter(({ name, serving }) => name === 'linear' && serving);
    expect(serving.map(({ version }) => version)).toEqual(['10']);
  });

  it('answers with an older version when it is named', async () => {
    await expect(service.predict(x([1, 2, 3]), { version: '1' })).resolves.toHaveProperty('y');
  });

  it.each([
    [{ model: 'nobody' }, 'MODEL_NOT_FOUND'],
    [{ model: '../linear' }, 'MODEL_NOT_FOUND'],
    [{ model: '__proto__' }, 'MODEL_NOT_FOUND'],
    [{ version: '3' }, 'MODEL_VERSION_NOT_FOUND'],
  ])('refuses %j with %s', async (choice, code) => {
    await expect(service.predict(x([1, 2, 3]), choice)).rejects.toMatchObject({ code });
  });

  it('does not take texts for a tensor model', async () => {
    await expect(service.classify('hello')).rejects.toMatchObject({ code: 'MODEL_TASK_MISMATCH' });
  });

  it('computes a model that needs a kernel which wasm lacks on cpu', async () => {
    expect(service.models().find(({ name }) => name === 'einsum')?.backend).toBe('cpu');
    const { y } = await service.predict(x([3, 4]), { model: 'einsum' });
    expect(y?.data).toEqual(Float32Array.from([9, 16]));
  });

  it('computes a model of a fixed batch size one request at a time', async () => {
    const answers = await Promise.all(
      [1, 2, 3].map((n) => service.predict(x([n, 0, 0], [0, n, 0]), { model: 'fixed' })),
    );
    expect(answers.map(({ y }) => y?.data[0])).toEqual([3, 5, 7]);
  });

  it('gives bit-equal answers alone and in a batch of 32', async () => {
    const items = Array.from({ length: 32 }, (_, k) => ids(k % 10, (k * 3) % 10, (k * 7) % 10));
    const alone: unknown[] = [];
    for (const item of items) alone.push(await softmax(item));
    const together = await Promise.all(items.map(softmax));
    expect(together).toEqual(alone);
  });

  it('gives each caller its own answer when shapes differ', async () => {
    const lengths = [1, 2, 3, 1, 2, 3, 1];
    const answers = await Promise.all(lengths.map((length) => softmax(ids(...Array<number>(length).fill(4)))));
    const [first] = answers;
    for (const answer of answers) {
      for (const [k, value] of (answer?.data ?? []).entries()) expect(value).toBeCloseTo(first?.data[k] ?? NaN, 6);
    }
  });

  it('fails only the bad item of a batch', async () => {
    const rows = [[1], [2], [10], [3], [-1], [4]];
    const settled = await Promise.allSettled(rows.map((row) => softmax(ids(...row))));
    expect(settled.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(settled[2]).toMatchObject({
      reason: { code: 'INFERENCE_FAILED', message: 'Model "embedding/1" failed on this input.' },
    });
  });

  it('leaves no tensor behind, whether a batch succeeds or fails', async () => {
    await softmax(ids(1));
    const before = service.stats().workers;
    for (let k = 0; k < 20; k++) await Promise.allSettled([softmax(ids(k)), softmax(ids(1, 2))]);
    await softmax(ids(1));
    expect(service.stats().workers).toEqual(before);
  });

  it('refuses an item whose deadline has passed', async () => {
    const call = { deadlineMs: performance.now() - 1 };
    await expect(service.predict(x([1, 2, 3]), {}, call)).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      stage: 'queue',
    });
  });

  it('tells when the wait in the queue is over, and of what never gets out of it nothing', async () => {
    const begun: number[] = [];
    const onBegun = (nowMs: number) => void begun.push(nowMs);
    const tooLate = { deadlineMs: performance.now() - 1, onBegun };
    await expect(service.predict(x([1, 2, 3]), {}, tooLate)).rejects.toMatchObject({ stage: 'queue' });
    expect(begun).toEqual([]);
    const startMs = performance.now();
    await service.predict(x([1, 2, 3]), {}, { onBegun });
    expect(begun).toHaveLength(1);
    expect(begun[0]).toBeGreaterThanOrEqual(startMs);
  });

  it('drops an item whose caller has left', async () => {
    const call = { signal: AbortSignal.abort() };
    await expect(service.predict(x([1, 2, 3]), {}, call)).rejects.toMatchObject({ code: 'REQUEST_CANCELLED' });
  });

  it.each([
    ['an unknown name', { z: x([1, 2, 3])['x'] }, 'z'],
    ['a missing input', {}, 'x'],
    ['a wrong width', x([1, 2]), 'x'],
    ['no row', { x: { dtype: 'float32', shape: [0, 3], data: new Float32Array() } }, 'x'],
    ['a rank too small', { x: { dtype: 'float32', shape: [3], data: new Float32Array(3) } }, 'x'],
    ['too few elements', { x: { dtype: 'float32', shape: [2, 3], data: new Float32Array(3) } }, 'x'],
    ['another type', { x: { dtype: 'int32', shape: [1, 3], data: new Int32Array(3) } }, 'x'],
    ['NaN', x([1, NaN, 3]), 'x'],
    ['infinity', x([1, Infinity, 3]), 'x'],
  ])('refuses %s before it is queued', async (_, inputs, path) => {
    await expect(service.predict(inputs as NamedTensors)).rejects.toMatchObject({ code: 'INVALID_INPUT', path });
  });

  it('refuses an input that would not fit into the working memory of a batch', async () => {
    const rows = 12_000_000;
    const huge = { x: { dtype: 'float32' as const, shape: [rows, 3], data: new Float32Array(rows * 3) } };
    await expect(service.predict(huge)).rejects.toMatchObject({ code: 'INVALID_INPUT', path: 'x' });
  });
});

describe('InferenceService with one worker for two models', () => {
  const test = new TestService();
  afterAll(() => test.stop());

  it('computes what is urgent before what came to the other model earlier', async () => {
    for (const key of ['linear/1', 'other/1']) writeVersion(test.dir, key, await linearFiles());
    const service = await test.start({ batchSize: 1 });
    const order: string[] = [];
    const ask = async (model: string, headStartMs: number) => {
      await service.predict(x([1, 2, 3]), { model }, { headStartMs });
      order.push(`${model} ${headStartMs}`);
    };
    await Promise.all([ask('linear', 0), ask('other', 2e6), ask('linear', 1e6), ask('other', 0)]);
    expect(order).toEqual(['other 2000000', 'linear 1000000', 'linear 0', 'other 0']);
  });
});

describe('InferenceService with a bounded queue', () => {
  const test = new TestService();
  afterAll(() => test.stop());

  it('refuses what does not fit, with a time after which to come back', async () => {
    writeVersion(test.dir, 'linear/1', await linearFiles());
    const service = await test.start({ maxQueued: 4, batchSize: 1 });
    const settled = await Promise.allSettled(Array.from({ length: 10 }, () => service.predict(x([1, 2, 3]))));
    const refused = settled.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(6); // four wait until this turn of the event loop ends
    expect(refused[0]).toMatchObject({ reason: { code: 'INFERENCE_QUEUE_FULL', retryAfterSeconds: 1 } });
  });

  it('answers what was admitted when it stops, and takes nothing new', async () => {
    const { service } = test;
    const admitted = service.predict(x([1, 2, 3]));
    const stopped = service.stop();
    await expect(service.predict(x([1, 2, 3]))).rejects.toMatchObject({ code: 'INFERENCE_STOPPED' });
    await expect(admitted).resolves.toHaveProperty('y');
    await stopped;
    expect(service.isReady()).toBe(false);
  });
});

describe('InferenceService with a worker that hangs', () => {
  const test = new TestService();
  afterAll(() => test.stop());

  it('does not wait for it when it stops and nobody waits for the answer any more', async () => {
    writeVersion(test.dir, 'linear/1', await linearFiles());
    const service = await test.start({ workerEntry: FAULTY_WORKER_ENTRY, inferenceTimeoutMs: 3_600_000 });
    const call = { deadlineMs: performance.now() + 100 };
    await expect(service.predict(x([666, 0, 0]), {}, call)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await service.stop();
    expect(service.health()).toMatchObject({ live: 0, stuck: 0 });
  });
});

describe('InferenceService with a batch timeout', () => {
  const test = new TestService();

  beforeAll(async () => {
    const linear = await linearFiles();
    for (const version of ['1', '2']) writeVersion(test.dir, `linear/${version}`, linear);
    writeVersion(test.dir, 'einsum/1', einsumFiles());
    await test.start({ batchTimeoutMs: 50 });
  });
  afterAll(() => test.stop());

  it('lets a first item wait for company', async () => {
    const { service } = test;
    const startedMs = performance.now();
    const answers = [service.predict(x([1, 2, 3])), service.predict(x([1, 2, 3]))];
    await Promise.all(answers);
    expect(performance.now() - startedMs).toBeGreaterThan(45);
  });

  it('says how many wait for all versions of a model, and for one of them', async () => {
    const { service } = test;
    const answers = [service.predict(x([1, 2, 3])), service.predict(x([1, 2, 3]), { version: '1' })];
    expect(service.stats().queues).toContainEqual({ model: 'linear', waiting: 2, longest: 1 });
    await Promise.all(answers);
  });

  it('answers first items of models on different backends', async () => {
    const { service } = test;
    const answers = [service.predict(x([1, 2, 3])), service.predict(x([3, 4]), { model: 'einsum' })];
    await expect(Promise.all(answers)).resolves.toHaveLength(2);
  });
});
