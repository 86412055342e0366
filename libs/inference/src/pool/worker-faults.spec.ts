import { linearFiles, writeVersion } from '../../test-support/model-fixtures.js';
import { FAULTY_WORKER_ENTRY, TestService, x } from '../../test-support/test-service.js';
import type { TracedBatch } from '../inference-observer.js';
import type { InferenceService } from '../inference.service.js';

const HANG = x([666, 0, 0]);
const EXIT = x([667, 0, 0]);
const ABORT = x([668, 0, 0]);
const THROW = x([669, 0, 0]);

describe.each([1, 2])('with %d workers that can be made to fail', (workers) => {
  const test = new TestService();
  let service: InferenceService;

  beforeAll(async () => {
    writeVersion(test.dir, 'linear/1', await linearFiles());
    service = await test.start({ workerEntry: FAULTY_WORKER_ENTRY, workers, inferenceTimeoutMs: 1000 });
  });

  afterAll(() => test.stop());

  it.each([
    ['hangs', HANG, 'it did not answer a batch within 1000 ms'],
    ['exits', EXIT, 'it exited with code 3'],
    ['aborts', ABORT, 'memory access out of bounds'],
  ])('a worker that %s fails only the item that did it, and is replaced', async (_, culprit, reason) => {
    const load = Array.from({ length: 200 }, (_, k) => service.predict(x([k, k, k])));
    const bad = service.predict(culprit);
    const more = Array.from({ length: 200 }, (_, k) => service.predict(x([k, 1, 1])));
    await expect(bad).rejects.toMatchObject({ code: 'WORKER_LOST', reason });
    const answers = await Promise.all([...load, ...more]);
    expect(answers.map(({ y }) => y?.data[0])).toEqual([...load, ...more].map((_, k) => (k % 200) * 2 + 1));
    expect(test.log.lines.join('\n')).toContain(reason);
  });

  it('a model that throws on an item does not cost the worker, and the log says why it failed', async () => {
    const before = test.log.lines.length;
    const [bad, good] = await Promise.allSettled([service.predict(THROW), service.predict(x([1, 2, 3]))]);
    expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'INFERENCE_FAILED' } });
    expect(good?.status).toBe('fulfilled');
    const reason = 'only this item is bad';
    expect(test.log.lines.slice(before)).toEqual([
      `WARNING Model failed ${JSON.stringify({ model: 'linear/1', items: 1, reason })}`,
    ]);
  });

  it('an item that hangs a worker fails at its deadline, not at the end of the watchdog', async () => {
    const before = test.log.lines.length;
    const call = { deadlineMs: performance.now() + 50 };
    await expect(service.predict(HANG, {}, call)).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      stage: 'inference',
    });
    expect(test.log.lines).toHaveLength(before); // of the watchdog, which comes later
    await expect(service.predict(x([1, 2, 3]))).resolves.toHaveProperty('y');
  });

  it('an item that a hung worker had fails with the worker when its deadline leaves no time for another try', async () => {
    const call = { deadlineMs: performance.now() + 1900 };
    const all = await Promise.allSettled([HANG, HANG].map((culprit) => service.predict(culprit, {}, call)));
    expect(all).toMatchObject(all.map(() => ({ status: 'rejected', reason: { code: 'WORKER_LOST' } })));
    await expect(service.predict(x([1, 2, 3]))).resolves.toHaveProperty('y');
  });
});

describe('a batch that waits in a worker which hangs on another one', () => {
  const test = new TestService();
  const traced: TracedBatch[] = [];
  const lostMs: number[] = [];
  let service: InferenceService;

  beforeAll(async () => {
    writeVersion(test.dir, 'linear/1', await linearFiles());
    writeVersion(test.dir, 'other/1', await linearFiles());
    const observer = {
      onBatch: () => undefined,
      onTracedBatch: (batch: TracedBatch) => void traced.push(batch),
      onWorkerLost: () => void lostMs.push(performance.now()),
    };
    service = await test.start({ workerEntry: FAULTY_WORKER_ENTRY, inferenceTimeoutMs: 1000 }, observer);
  });

  afterAll(() => test.stop());

  it('has not begun: it waits on, and is computed as if the worker had never had it', async () => {
    const hung = Promise.withResolvers<void>();
    const culprit = service.predict(HANG, {}, { onBegun: () => hung.resolve() });
    await hung.promise;
    const nowMs = performance.now();
    const begunMs: number[] = [];
    const ask = (k: number, deadlineMs?: number) =>
      service.predict(x([k, k, k]), { model: 'other' }, { deadlineMs, span: {}, onBegun: (ms) => begunMs.push(ms) });
    // Before the worker is lost for the first time, and while its culprit hangs the next one.
    const impatient = [ask(0, nowMs + 500), ask(1, nowMs + 1500)];
    const patient = Array.from({ length: 20 }, (_, k) => ask(k));

    const tooLate = { status: 'rejected', reason: { code: 'DEADLINE_EXCEEDED', stage: 'queue' } };
    expect(await Promise.allSettled(impatient)).toMatchObject([tooLate, tooLate]);
    await expect(culprit).rejects.toMatchObject({ code: 'WORKER_LOST' });
    expect((await Promise.all(patient)).map(({ y }) => y?.data[0])).toEqual(patient.map((_, k) => k * 2 + 1));
    expect(lostMs).toHaveLength(2);
    expect(traced).toMatchObject([{ key: 'other/1', items: 20 }]);
    const [batch] = traced as [TracedBatch];
    expect(begunMs).toEqual(batch.traced.map(() => batch.startMs));
    expect(batch.startMs).toBeGreaterThan(Math.max(...lostMs));
    expect(Math.max(...batch.traced.map(({ queuedMs }) => queuedMs))).toBeLessThan(Math.min(...lostMs));
  });
});
