import { resolve } from 'node:path';
import { embeddingFiles, writeVersion } from '../test-support/model-fixtures.js';
import { TestService } from '../test-support/test-service.js';

const TEXTS = [
  'I love this',
  'this is terrible!!!',
  'see you at 5 pm',
  'transfer 100 dollars to my savings account',
  '😀 مرحبا',
];

/** The models that the repository ships. */
const MODEL_DIR = resolve(__dirname, '../../../models');

describe('the backends agree', () => {
  const wasm = new TestService();
  const cpu = new TestService();
  afterAll(() => Promise.all([wasm.stop(), cpu.stop()]));

  it('to 1e-5 on an embedding model', async () => {
    const files = await embeddingFiles();
    for (const { dir } of [wasm, cpu]) writeVersion(dir, 'embedding/1', files);
    const ids = { ids: { dtype: 'int32' as const, shape: [2, 3], data: Int32Array.from([1, 2, 3, 9, 0, 9]) } };
    const services = [await wasm.start({ backend: 'wasm' }), await cpu.start({ backend: 'cpu' })];
    const [a, b] = await Promise.all(services.map((service) => service.predict(ids, { model: 'embedding' })));
    for (const [k, value] of (a?.['classes']?.data ?? []).entries()) {
      expect(Math.abs(value - (b?.['classes']?.data[k] ?? NaN))).toBeLessThanOrEqual(1e-5);
    }
  });

  it.each(['sentiment', 'intent'])('to 1e-5 on the model %s', async (model) => {
    const shipped = { modelDir: MODEL_DIR, defaultModel: model };
    const services = [new TestService(), new TestService()];
    const [a, b] = services as [TestService, TestService];
    await Promise.all([a.start({ ...shipped, backend: 'wasm' }), b.start({ ...shipped, backend: 'cpu' })]);
    for (const text of TEXTS) {
      const [one, other] = await Promise.all(services.map(({ service }) => service.classify(text)));
      for (const [k, value] of (one?.probabilities ?? []).entries()) {
        expect(Math.abs(value - (other?.probabilities[k] ?? NaN))).toBeLessThanOrEqual(1e-5);
      }
    }
    await Promise.all(services.map((service) => service.stop()));
  });

  it.each(['sentiment', 'intent'])(
    'with themselves, bit for bit, alone and in a batch of 32 on the model %s',
    async (model) => {
      const test = new TestService();
      const service = await test.start({ modelDir: MODEL_DIR, defaultModel: model });
      const texts = Array.from({ length: 32 }, (_, k) => `${TEXTS[k % 5]} ${'more words '.repeat(k % 7)}${k}`);
      const alone: Float32Array[] = [];
      for (const text of texts) alone.push((await service.classify(text)).probabilities);
      const together = await Promise.all(texts.map((text) => service.classify(text)));
      expect(together.map(({ probabilities }) => probabilities)).toEqual(alone);
      await test.stop();
    },
  );
});
