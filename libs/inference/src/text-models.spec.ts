import { writeVersion } from '../test-support/model-fixtures.js';
import { oneRowFiles, TABLE, textFiles } from '../test-support/text-models.js';
import { TestService } from '../test-support/test-service.js';

describe('a text model', () => {
  const test = new TestService();

  beforeAll(async () => {
    writeVersion(test.dir, 'normalised/1', await textFiles());
    writeVersion(test.dir, 'logits/1', await textFiles({ raw: true, table: TABLE.with(2, [5, 0]) }));
    writeVersion(test.dir, 'rounding/1', await textFiles({ raw: true, table: TABLE.with(2, [1.000001, -0.000001]) }));
    writeVersion(test.dir, 'nonsense/1', await textFiles({ golden: { probabilities: { bad: 0.1192, good: 1.8808 } } }));
    writeVersion(test.dir, 'narrow/1', await textFiles({ table: TABLE.slice(0, 3) }));
    writeVersion(test.dir, 'one-row/1', oneRowFiles());
    await test.start({ defaultModel: 'normalised' });
  });
  afterAll(() => test.stop());

  const classify = (texts: string[], model: string) =>
    Promise.allSettled(texts.map((text) => test.service.classify(text, { model })));
  const reasonOf = (model: string) => test.service.models().find(({ name }) => name === model)?.reason;

  it('fails on the texts alone for which it gives no number', async () => {
    const [good, neither, bad] = await classify(['good', 'neither', 'bad'], 'normalised');
    expect(good).toMatchObject({ value: { prediction: 'good', confidence: expect.closeTo(0.8808, 4) as number } });
    expect(neither).toMatchObject({
      reason: { code: 'INFERENCE_FAILED', cause: expect.stringContaining('NaN') as string },
    });
    expect(bad).toMatchObject({ value: { prediction: 'bad' } });
  });

  it('fails on the texts alone for which it gives what is no probability', async () => {
    const [good, bad] = await classify(['good', 'bad'], 'logits');
    expect(good).toMatchObject({ value: { prediction: 'good', confidence: 1 } });
    expect(bad).toMatchObject({ reason: { code: 'INFERENCE_FAILED', cause: 'the model gave 5 as a probability' } });
  });

  it('may be off by the rounding of its arithmetic', async () => {
    const [bad] = await classify(['bad'], 'rounding');
    expect(bad).toMatchObject({ value: { confidence: 1, probabilities: Float32Array.of(1, 0) } });
  });

  it('is refused when it does not give a row for each text of a batch', () => {
    expect(reasonOf('one-row')).toBe('the model gave 2 probabilities for 2 texts and 2 labels');
  });

  it('is refused when its golden example asks for what is no probability', () => {
    expect(reasonOf('nonsense')).toContain('falcon.json is wrong: golden.probabilities.good:');
  });

  it('is refused when it has not a row for every n-gram of its vocabulary', () => {
    expect(reasonOf('narrow')).toBe(
      'the model fails on the last of the 3 n-grams of its vocabulary: GatherV2: the index value 3 is not in [0, 2]',
    );
  });
});
