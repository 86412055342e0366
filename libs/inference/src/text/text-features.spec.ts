import fc from 'fast-check';
import { normaliseText } from './normalise-text.js';
import { NgramScanner } from './ngram-scanner.js';
import { textFeatureSettingsSchema, type TextFeatureSettings } from './text-feature-settings.js';
import { TextFeatures } from './text-features.js';
import { formatVocabulary } from './vocabulary.js';

const everything = textFeatureSettingsSchema.parse({
  kind: 'ngram-tfidf',
  vocabulary: 'vocabulary.tsv',
  documents: 1000,
  normalisation: { unescape: true, links: true, mentions: true, digits: true, squeeze: true, moods: true },
  words: { min: 1, max: 3 },
  edges: true,
  characters: { min: 2, max: 4 },
  unknownShare: 0.5,
});

/** As falcon.json may have it. */
const written = {
  kind: 'ngram-tfidf',
  vocabulary: 'vocabulary.tsv',
  documents: 100,
  words: { min: 1, max: 2 },
  characters: null,
} as const;
const plain = textFeatureSettingsSchema.parse(written);

/** The same features, told with regular expressions, strings and maps. */
class NaiveFeatures {
  constructor(
    private readonly settings: TextFeatureSettings,
    private readonly documents: ReadonlyMap<string, number>,
  ) {}

  tokens(text: string): string[] {
    const { normalisation, edges } = this.settings;
    let normal = normaliseText(text, normalisation).replace(/[\u2018\u2019\u02bc\u00b4`]/g, "'");
    normal = normal.replace(/[\u201c\u201d]/g, '"').replace(/[\s\p{Cc}]+/gu, ' ');
    const found = normal.match(/[\p{L}\p{N}\p{M}_'@#]+|[^\s\p{L}\p{N}\p{M}_'@#]+/gu) ?? [];
    const tokens = found.flatMap((run) => this.splitSurrogates(run));
    const written = tokens.map((token) => this.rewrite(token));
    return edges ? ['^', ...written, '$'] : written;
  }

  ngrams(text: string): string[] {
    const { edges, words, characters } = this.settings;
    const tokens = this.tokens(text);
    return tokens.flatMap((token, at) => {
      const isEdge = edges && (at === 0 || at === tokens.length - 1);
      const found: string[] = [];
      if (words)
        for (let n = isEdge ? Math.max(2, words.min) : words.min; n <= words.max && at + n <= tokens.length; n++)
          found.push(`w:${tokens.slice(at, at + n).join(' ')}`);
      const padded = ` ${token} `;
      if (characters && !isEdge)
        for (let from = 0; from < padded.length; from++)
          for (let n = characters.min; n <= characters.max && from + n <= padded.length; n++)
            found.push(`c:${padded.slice(from, from + n)}`);
      return found;
    });
  }

  extract(text: string): Map<string, number> {
    const { documents: total, unknownShare, termFrequency, maxFeatures } = this.settings;
    const idf = (count: number) => Math.log((1 + total) / (1 + count)) + 1;
    const counts = new Map<string, number>();
    let unknown = 0;
    for (const ngram of this.ngrams(text)) {
      if (!this.documents.has(ngram)) unknown++;
      else if (counts.has(ngram) || counts.size < maxFeatures) counts.set(ngram, (counts.get(ngram) ?? 0) + 1);
      else break;
    }
    const weights = [...counts].map(([ngram, count]): [string, number] => [
      ngram,
      (termFrequency === 'log' ? 1 + Math.log(Math.min(count, 255)) : 1) * idf(this.documents.get(ngram) ?? 0),
    ]);
    const squared = weights.reduce((sum, [, weight]) => sum + weight ** 2, unknown * (unknownShare * idf(1)) ** 2);
    return new Map(weights.map(([ngram, weight]) => [ngram, weight / Math.sqrt(squared)]));
  }

  private splitSurrogates(run: string): string[] {
    return run.match(/[\ud800-\udbff][\udc00-\udfff]|[\ud800-\udfff]|[^\ud800-\udfff]+/g) ?? [];
  }

  private rewrite(token: string): string {
    const { mentions, digits, squeeze } = this.settings.normalisation;
    if (mentions && token.length > 1 && token.startsWith('@')) return '@user';
    const folded = digits ? token.replace(/\p{Nd}/gu, '0') : token;
    return squeeze ? folded.replace(/([^])\1{2,}/g, '$1$1') : folded;
  }
}

const words = [
  'good',
  'GOOD',
  'not',
  'I',
  '@bob',
  '#win',
  'http://x.co/a?b',
  'soooo',
  '1999',
  '\\u2019',
  ':)',
  '<3',
  '😂',
  'don’t',
  '\ud83d',
  '\0',
  '...',
  'مرحبا',
  'é',
];
const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.array(fc.constantFrom(...words), { maxLength: 20 }).map((some) => some.join(' ')),
  fc.array(fc.constantFrom(...words), { maxLength: 20 }).map((some) => some.join('')),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 }).map((units) => String.fromCharCode(...units)),
);

/** A vocabulary of the n-grams of some texts that a file can hold. */
function vocabularyOf(settings: TextFeatureSettings, sample: readonly string[]): Map<string, number> {
  const naive = new NaiveFeatures(settings, new Map());
  const ngrams = [...new Set(sample.flatMap((text) => naive.ngrams(text)))].filter((ngram) => ngram.isWellFormed());
  return new Map(ngrams.map((ngram, index) => [ngram, 1 + (index % 50)]));
}

function featuresOf(settings: TextFeatureSettings, documents: ReadonlyMap<string, number>): TextFeatures {
  return TextFeatures.parse(
    settings,
    formatVocabulary([...documents].map(([spelling, count]) => ({ spelling, documents: count }))),
  );
}

/** As one would write them down: n-gram and weight. */
function named(features: TextFeatures, documents: ReadonlyMap<string, number>, text: string): [string, number][] {
  const names = [...documents.keys()];
  const { ids, weights } = features.extract(text);
  return Array.from(ids, (id, k) => [names[id - 1] ?? '', weights[k] ?? Number.NaN]);
}

describe('TextFeatures', () => {
  it.each([
    ['with every setting on', everything],
    ['with every setting off', plain],
    ['with binary frequencies and few features', { ...everything, termFrequency: 'binary' as const, maxFeatures: 7 }],
  ])('gives what a naive implementation gives, %s', (_, settings) => {
    fc.assert(
      fc.property(fc.array(texts, { minLength: 1, maxLength: 4 }), texts, (sample, text) => {
        const documents = vocabularyOf(settings, sample);
        const features = featuresOf(settings, documents);
        const naive = new NaiveFeatures(settings, documents);
        for (const one of [...sample, text]) {
          const got = named(features, documents, one);
          const expected = [...naive.extract(one)];
          expect(got.map(([ngram]) => ngram)).toEqual(expected.map(([ngram]) => ngram));
          got.forEach(([, weight], k) => expect(weight).toBeCloseTo(expected[k]?.[1] ?? Number.NaN, 6));
        }
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  it('keeps its promise to models already trained: ids and weights of a golden text', () => {
    const features = TextFeatures.parse(plain, 'w:a\t80\nw:good\t9\nw:a good\t4\nw:day\t12\nw:bad\t7\n');
    const { ids, weights } = features.extract('A good, GOOD day');
    expect([...ids]).toEqual([1, 3, 2, 4]);
    expect([...weights].map((weight) => weight.toFixed(6))).toEqual(['0.159875', '0.524637', '0.734577', '0.399490']);
  });

  it('gives settings that are left out their defaults', () => {
    const [features, sparing] = [plain, written].map((settings) =>
      TextFeatures.parse(settings, 'w:a\t80\nw:good\t9\n'),
    );
    expect(sparing?.extract('a good, good day')).toEqual(features?.extract('a good, good day'));
    expect(sparing?.extract('a good day').ids).toHaveLength(2);
  });

  it('gives weights of unit length when every n-gram is known', () => {
    const { weights } = TextFeatures.parse(plain, 'w:so\t3\nw:good\t9\nw:so good\t2\n').extract('so good');
    expect(Math.hypot(...weights)).toBeCloseTo(1, 6);
  });

  it('makes known n-grams count less beside unknown ones, when it is told to', () => {
    const settings = { ...plain, unknownShare: 1 };
    const features = TextFeatures.parse(settings, 'w:good\t9\n');
    const lengthOf = (text: string) => Math.hypot(...features.extract(text).weights);
    expect(lengthOf('good')).toBeCloseTo(1, 6);
    expect(lengthOf('good zyxw')).toBeLessThan(lengthOf('good'));
    expect(lengthOf('good zyxw qqq')).toBeLessThan(lengthOf('good zyxw'));
  });

  it.each([
    ['an empty text', ''],
    ['spaces', ' \t\n\u2028'],
    ['NUL', '\0'],
    ['a lone surrogate', '\ud800'],
    ['nothing it knows', 'zzz'],
  ])('finds no features in %s', (_, text) => {
    const { ids, weights } = TextFeatures.parse(plain, 'w:good\t9\n').extract(text);
    expect({ ids: [...ids], weights: [...weights] }).toEqual({ ids: [], weights: [] });
  });

  it('takes at most as many features as it is told, the first ones', () => {
    const features = TextFeatures.parse({ ...plain, maxFeatures: 2 }, 'w:a\t1\nw:b\t1\nw:c\t1\n');
    expect([...features.extract('c a b').ids]).toEqual([3, 1]);
  });

  it('is not confused by what the text before left behind', () => {
    const documents = vocabularyOf(everything, ['one two two three', 'four five', 'six']);
    const features = featuresOf(everything, documents);
    const first = features.extract('one two two three');
    features.extract('six five four three two one two');
    expect(features.extract('one two two three')).toEqual(first);
  });

  it('reads 10,000 characters that are not any language', () => {
    const features = TextFeatures.parse(everything, 'w:good\t9\n');
    for (const character of ['a', '😀', '\ud800', '@', ' a', '\0', '\ufdfa']) {
      const text = character.repeat(10_000 / character.length);
      expect(features.extract(text).ids.length).toBeLessThanOrEqual(1);
    }
  });

  it('pads a batch to its longest text, and changes nothing else', () => {
    const features = TextFeatures.parse(plain, 'w:a\t80\nw:good\t9\nw:a good\t4\nw:day\t12\n');
    const texts = ['a good day', '', 'day'];
    const { ids, weights, length } = features.extractBatch(texts);
    expect(length).toBe(4);
    texts.forEach((text, row) => {
      const alone = features.extract(text);
      const cells = [row * length, row * length + alone.ids.length] as const;
      expect(ids.subarray(...cells)).toEqual(alone.ids);
      expect(weights.subarray(...cells)).toEqual(alone.weights);
      expect(ids.subarray(cells[1], (row + 1) * length).every((id) => id === 0)).toBe(true);
      expect(weights.subarray(cells[1], (row + 1) * length).every((weight) => weight === 0)).toBe(true);
    });
  });

  it('gives a batch of texts without features a length of 1', () => {
    const { ids, weights, length } = TextFeatures.parse(plain, 'w:good\t9\n').extractBatch(['', '?']);
    expect({ ids: [...ids], weights: [...weights], length }).toEqual({ ids: [0, 0], weights: [0, 0], length: 1 });
  });

  it('refuses a vocabulary with a line that is none, and says which', () => {
    expect(() => TextFeatures.parse(plain, 'w:good\t9\ngood\t3\n')).toThrow(
      'vocabulary line 2: "good\t3" is not "w:words", "c:characters" or "p:polarity", a tab and a count',
    );
    expect(() => TextFeatures.parse(plain, 'w:good\tmany\n')).toThrow('vocabulary line 1');
    expect(() => TextFeatures.parse(plain, 'w:good\t9\nw:good\t3\n')).toThrow(
      'vocabulary line 2: "w:good" repeats an n-gram or shares the hash of another',
    );
  });
});

describe('NgramScanner', () => {
  it('spells the n-grams it finds', () => {
    const scanner = new NgramScanner({ ...plain, edges: true, characters: { min: 3, max: 3 } });
    const count = scanner.scan('So GOOD!');
    expect(Array.from({ length: count }, (_, k) => scanner.spelling(k)).join('|')).toBe(
      'w:^ so|w:so|w:so good|c: so|c:so |w:good|w:good !|c: go|c:goo|c:ood|c:od |w:!|w:! $|c: ! ',
    );
  });
});

describe('normaliseText', () => {
  const on = everything.normalisation;

  it.each([
    ['decodes escapes', 'I\\u2019m \\"here\\"', 'i’m "here"'],
    ['shortens links', 'see HTTPS://a.b/c?d and www.x.org.', 'see http and http'],
    ['composes characters that look alike', 'ﬁne ｆｉｎｅ', 'fine fine'],
    ['spells moods', ':) 😂 <3 :-( x', 'moodhappy  moodlaugh   moodlove  moodsad x'],
    ['keeps a lone surrogate', 'a\ud83db', 'a\ud83db'],
  ])('%s', (_, text, expected) => expect(normaliseText(text, on)).toBe(expected));

  it('does none of it when it is told so', () => {
    expect(normaliseText('See http://a.b :) \\u2019', plain.normalisation)).toBe('see http://a.b :) \\u2019');
  });
});
