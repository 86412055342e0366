import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { linearFiles, writeVersion } from '../test-support/model-fixtures.js';
import { TestService } from '../test-support/test-service.js';
import { ModelNotFoundError } from './inference.errors.js';
import { manifestSchema } from './models/manifest.js';

const SHIPPED = resolve(__dirname, '../../../models/sentiment/1');
const SHARES = { negative: 0.25, neutral: 0.5, positive: 0.25 };

function manifestWith(fallback: unknown): Record<string, unknown> {
  return { ...(JSON.parse(readFileSync(join(SHIPPED, 'falcon.json'), 'utf8')) as object), fallback };
}

describe('a declared fallback', () => {
  const test = new TestService();

  beforeAll(async () => {
    const fallbacks = {
      astray: { model: 'nobody' },
      broken: { model: 'damaged' },
      lost: { model: 'tensor' },
      same: { model: 'same', version: '1' },
      damaged: { probabilities: SHARES },
      fixed: { probabilities: SHARES },
      other: { model: 'plain' },
      plain: undefined,
    };
    for (const [name, fallback] of Object.entries(fallbacks)) {
      const folder = join(test.dir, name, '1');
      cpSync(SHIPPED, folder, { recursive: true });
      writeFileSync(join(folder, 'falcon.json'), JSON.stringify(manifestWith(fallback)));
    }
    writeFileSync(join(test.dir, 'damaged/1/model.json'), '{}');
    mkdirSync(join(test.dir, 'damaged/1.bak'));
    writeVersion(test.dir, 'tensor/1', await linearFiles());
    await test.start({ defaultModel: 'plain' });
  });
  afterAll(() => test.stop());

  const fallbackOf = (model: string) =>
    test.service.fallback({ model }, (declared) => test.service.classify('What a wonderful day', declared));

  it('of fixed probabilities answers with them, whatever the text', async () => {
    const answer = await fallbackOf('fixed');
    expect(answer).toMatchObject({ model: 'fixed', version: '1', prediction: 'neutral', confidence: 0.5 });
    expect([...(answer?.probabilities ?? [])]).toEqual([0.25, 0.5, 0.25]);
  });

  it('is that of a damaged version, whatever lies beside it', async () => {
    expect(await fallbackOf('damaged')).toMatchObject({ model: 'damaged', version: '1', prediction: 'neutral' });
  });

  it('of another model answers with that one', async () => {
    const answer = await fallbackOf('other');
    expect(answer).toMatchObject({ model: 'plain', version: '1', prediction: 'positive' });
  });

  it('is none when nothing is declared', async () => {
    expect(await fallbackOf('plain')).toBeUndefined();
  });

  it('is warned of when it cannot answer', () => {
    const warnings = test.log.lines.filter((line) => line.startsWith('WARNING'));
    const warningOf = (model: string, reason: string) =>
      `WARNING The declared fallback of a model cannot answer ${JSON.stringify({ model, reason })}`;
    expect(warnings).toEqual([
      warningOf('astray/1', 'There is no model "nobody".'),
      warningOf('broken/1', 'Model "damaged" version "1" is refused.'),
      warningOf('lost/1', 'Model "tensor" is of task "tensor" and cannot answer this kind of request.'),
      warningOf('same/1', 'It is the same model, and what refuses one version refuses all.'),
    ]);
  });

  it('is none for a model that does not exist', async () => {
    await expect(fallbackOf('nobody')).rejects.toThrow(ModelNotFoundError);
  });
});

describe('falcon.json', () => {
  it.each([
    ['that lacks a label', { negative: 0.5, positive: 0.5 }],
    ['with a label of its own', { ...SHARES, positive: 0.15, other: 0.1 }],
    ['that does not add up to 1', { ...SHARES, positive: 0.5 }],
  ])('refuses a fallback %s', (_, probabilities) => {
    const { error } = manifestSchema.safeParse(manifestWith({ probabilities }));
    expect(error?.issues).toMatchObject([
      { path: ['fallback', 'probabilities'], message: 'must have every label and no other, and add up to 1' },
    ]);
  });

  it('refuses a fallback that is neither', () => {
    expect(manifestSchema.safeParse(manifestWith({ answer: 'positive' })).success).toBe(false);
  });
});
