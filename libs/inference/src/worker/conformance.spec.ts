import { formatlessFiles, lstmFiles, quantisedFiles, twoInTwoOutFiles } from '../../test-support/conformance-models.js';
import { writeVersion } from '../../test-support/model-fixtures.js';
import { TestService, x } from '../../test-support/test-service.js';
import type { TensorValue } from '../tensors.js';

function floats(shape: number[], ...data: number[]): TensorValue {
  return { dtype: 'float32', shape, data: Float32Array.from(data) };
}

describe('models of every form', () => {
  const test = new TestService();

  beforeAll(async () => {
    writeVersion(test.dir, 'pairs/1', await twoInTwoOutFiles());
    writeVersion(test.dir, 'lstm/1', await lstmFiles());
    writeVersion(test.dir, 'quantised/1', await quantisedFiles());
    writeVersion(test.dir, 'linear/1', await formatlessFiles());
    await test.start();
  });

  afterAll(() => test.stop());

  it('several inputs and outputs, merged into one batch and split again', async () => {
    const ask = (n: number) =>
      test.service.predict({ a: floats([1, 2], n, 1), b: floats([1, 2], 10, 20) }, { model: 'pairs' });
    const answers = await Promise.all([1, 2, 3].map(ask));
    expect(answers.map(({ sum }) => sum?.data)).toEqual([11, 12, 13].map((n) => Float32Array.from([n, 21])));
    expect(answers.map(({ double }) => double?.data)).toEqual([2, 4, 6].map((n) => Float32Array.from([n, 2])));
  });

  it('inputs that disagree in their first dimension are refused', async () => {
    const inputs = { a: floats([1, 2], 1, 1), b: floats([2, 2], 1, 1, 1, 1) };
    await expect(test.service.predict(inputs, { model: 'pairs' })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      path: 'b',
    });
  });

  it('a recurrent model over sequences of any length', async () => {
    const ask = (steps: number) =>
      test.service.predict({ x: floats([1, steps, 2], ...Array<number>(2 * steps).fill(0.1)) }, { model: 'lstm' });
    const [short, long] = await Promise.all([ask(1), ask(7)]);
    expect(short?.['state']?.shape).toEqual([1, 3]);
    expect(long?.['state']?.data[0]).toBeGreaterThan(short?.['state']?.data[0] ?? Infinity);
  });

  it('quantised weights in several files', async () => {
    const { y } = await test.service.predict(x([1, 2, 3]), { model: 'quantised' });
    expect(y?.data).toEqual(Float32Array.from([3, 5, 7]));
  });

  it('a layers model without a "format"', async () => {
    const { y } = await test.service.predict(x([1, 2, 3]));
    expect(y?.data).toEqual(Float32Array.from([3, 5, 7]));
  });
});
