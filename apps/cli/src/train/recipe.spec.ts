import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { temporaryFolder } from '../../../../scripts/test-support/temporary-folder.js';
import { readRecipe } from './recipe.js';

describe('readRecipe', () => {
  const file = join(temporaryFolder(), 'recipe.json');

  it('has a default for everything', () => {
    writeFileSync(file, '{}');
    expect(readRecipe(file)).toMatchObject({
      seed: 1,
      features: { words: { min: 1, max: 2 }, characters: { min: 2, max: 4 }, maxFeatures: 1024 },
      members: [{ hiddenUnits: 0 }],
      quantisation: 'uint8',
    });
  });

  it.each([
    ['{', 'cannot be read'],
    ['{"sede":1}', 'is wrong: it: Unrecognized key: "sede"'],
    ['{"members":[{"epochs":0}]}', 'is wrong: members.0.epochs: '],
    ['{"features":{"words":{"min":3,"max":2}}}', 'is wrong: features.words: min must not be above max'],
  ])('refuses %s and says where', (content, message) => {
    writeFileSync(file, content);
    expect(() => readRecipe(file)).toThrow(message);
    expect(() => readRecipe(file)).toThrow(file);
  });

  it.each(['sentiment', 'intent'])('reads the recipe of the shipped model %s', (model) => {
    const recipe = readRecipe(resolve(__dirname, '../../../../models', model, 'recipe.json'));
    expect(recipe.card.limits.length).toBeGreaterThan(0);
  });
});
