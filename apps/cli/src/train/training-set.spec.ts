import { hashNgram, TextFeatures, Vocabulary } from '@app/inference';
import { type Recipe, recipeSchema } from './recipe.js';
import { buildTrainingSet, chooseVocabulary, classesOf, labelsOf } from './training-set.js';

const recipe = (some: object): Recipe =>
  recipeSchema.parse({ features: { words: { min: 1, max: 1 }, characters: null }, ...some });
const row = (text: string, label: string) => ({ text, label });

describe('chooseVocabulary', () => {
  const texts = ['a a b', 'a b c', 'a d'];

  it('counts texts, not occurrences, and puts the most frequent first', () => {
    expect(chooseVocabulary(texts, recipe({ vocabulary: { minDocuments: 1 } }))).toEqual([
      { spelling: 'w:a', documents: 3 },
      { spelling: 'w:b', documents: 2 },
      { spelling: 'w:c', documents: 1 },
      { spelling: 'w:d', documents: 1 },
    ]);
  });

  it('leaves out what is too rare, and what there is no room for', () => {
    const spellings = (vocabulary: object) =>
      chooseVocabulary(texts, recipe({ vocabulary })).map(({ spelling }) => spelling);
    expect(spellings({ minDocuments: 2 })).toEqual(['w:a', 'w:b']);
    expect(spellings({ minDocuments: 1, maxSize: 3 })).toEqual(['w:a', 'w:b', 'w:c']);
  });

  it('leaves out what a UTF-8 file cannot hold', () => {
    const settings = recipe({
      features: { words: null, characters: { min: 2, max: 2 } },
      vocabulary: { minDocuments: 1 },
    });
    expect(chooseVocabulary(['😀'], settings)).toEqual([{ spelling: 'c:😀', documents: 1 }]);
  });

  it('never holds two n-grams with one hash, so that what is written can be read', () => {
    const [first, second] = collision();
    const entries = chooseVocabulary([first, `${first} ${second}`, second], recipe({}));
    expect(entries).toHaveLength(1);
    expect(() => Vocabulary.of(entries)).not.toThrow();
  });
});

/** Two words whose n-grams share a hash: some of 100,000 do. */
function collision(): [string, string] {
  const seen = new Map<number, string>();
  for (let k = 0; ; k++) {
    const word = (Math.imul(k, 0x9e3779b1) >>> 0).toString(36);
    const hash = hashNgram(`w:${word}`);
    const other = seen.get(hash);
    if (other !== undefined) return [other, word];
    seen.set(hash, word);
  }
}

describe('labelsOf', () => {
  it('sorts the labels and leaves the out-of-scope one out', () => {
    expect(labelsOf([row('1', 'b'), row('2', 'oos'), row('3', 'a'), row('4', 'b')], 'oos')).toEqual(['a', 'b']);
  });

  it('needs two', () => {
    expect(() => labelsOf([row('1', 'a'), row('2', 'oos')], 'oos')).toThrow('have 1 label(s): at least 2 are needed');
  });
});

describe('buildTrainingSet', () => {
  const rows = [row('a', 'x'), row('b', 'x'), row('c', 'x'), row('d', 'y'), row('e', 'oos')];

  function build(some: object) {
    const settings = recipe(some);
    const features = new TextFeatures(
      { kind: 'ngram-tfidf', vocabulary: 'v', documents: 4, ...settings.features },
      Vocabulary.of([{ spelling: 'w:a', documents: 1 }]),
    );
    return buildTrainingSet(rows, ['x', 'y'], features, settings);
  }

  it('repeats the rows that belong to no label', () => {
    const { classes, features, rows: table } = build({ outOfScope: { repeat: 2 } });
    expect([...classes]).toEqual([0, 0, 0, 1, -1, -1]);
    expect(features).toHaveLength(6);
    expect(table).toBe(2);
  });

  it('makes every label count the same when it is told to', () => {
    expect([...build({ outOfScope: {}, classWeights: 'balanced' }).classWeights]).toEqual([2 / 3, 2]);
    expect([...build({ outOfScope: {} }).classWeights]).toEqual([1, 1]);
  });
});

describe('classesOf', () => {
  it('gives no class to an unknown label', () => {
    expect([...classesOf([row('1', 'b'), row('2', 'z'), row('3', 'a')], ['a', 'b'])]).toEqual([1, -1, 0]);
  });
});
