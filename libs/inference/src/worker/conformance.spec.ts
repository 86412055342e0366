import { formatlessFiles, lstmFiles, quantisedFiles, twoInTwoOutFiles } from '../../test-support/conformance-models.js';
import { tableFiles, topTwoFiles } from '../../test-support/graph-models.js';
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
    writeVersion(test.dir, 'top-two/1', topTwoFiles());
    writeVersion(test.dir, 'table/1', tableFiles());
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

  it('a graph with two outputs of one node', async () => {
    const ask = (...row: number[]) => test.service.predict(x(row), { model: 'top-two' });
    const answers = await Promise.all([ask(1, 3, 2), ask(6, 4, 5)]);
    expect(answers.map(({ top }) => top?.data)).toEqual([Float32Array.of(3, 2), Float32Array.of(6, 5)]);
    expect(answers.map((answer) => answer['top:1']?.data)).toEqual([Int32Array.of(1, 2), Int32Array.of(0, 2)]);
  });

  it('a graph with a hash table that another graph fills', async () => {
    const ask = (...data: number[]) =>
      test.service.predict(
        { ids: { dtype: 'int32', shape: [data.length], data: Int32Array.from(data) } },
        { model: 'table' },
      );
    const answers = await Promise.all([ask(8, 7), ask(9)]);
    expect(answers.map(({ y }) => y?.data)).toEqual([Float32Array.of(80, 70), Float32Array.of(-1)]);
  });

  it('a layers model without a "format"', async () => {
    const { y } = await test.service.predict(x([1, 2, 3]));
    expect(y?.data).toEqual(Float32Array.from([3, 5, 7]));
  });
});
