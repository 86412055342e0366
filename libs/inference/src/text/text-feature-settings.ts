import { z } from 'zod';

/** Most code units of one n-gram of characters. */
const LONGEST_CHARACTER_NGRAM = 8;
/** Most tokens of one n-gram of words. */
const LONGEST_WORD_NGRAM = 4;

const range = (most: number) =>
  z
    .strictObject({ min: z.int().min(1).max(most), max: z.int().min(1).max(most) })
    .refine(({ min, max }) => min <= max, 'min must not be above max');

/** What is done to a text before n-grams are taken; all off leaves lower case and single spaces. */
const normalisationSchema = z.strictObject({
  /** Decode literal escapes such as \u2019 that some exports leave in their texts. */
  unescape: z.boolean().default(false),
  /** Replace web addresses by `http`. */
  links: z.boolean().default(false),
  /** Replace `@name` by `@user`. */
  mentions: z.boolean().default(false),
  /** Replace every digit by `0`. */
  digits: z.boolean().default(false),
  /** Shorten runs of one character to two: `soooo` becomes `soo`. */
  squeeze: z.boolean().default(false),
  /** Give emoji and emoticons of one mood one spelling. */
  moods: z.boolean().default(false),
});

/** How texts become weighted n-grams, as `features` of falcon.json says; training and serving read the same settings. */
export const textFeatureSettingsSchema = z.strictObject({
  kind: z.literal('ngram-tfidf'),
  /** File with one `n-gram TAB document frequency` a line; the line number is the feature's id. */
  vocabulary: z.string().min(1),
  /** Texts that the document frequencies were counted over. */
  documents: z.int().min(1),
  normalisation: normalisationSchema.prefault({}),
  /** Lengths of word n-grams, in tokens. */
  words: range(LONGEST_WORD_NGRAM).nullable(),
  /** Take the beginning and the end of the text for tokens in word n-grams of two and more. */
  edges: z.boolean().default(false),
  /** Lengths of character n-grams inside a token and the spaces around it, in UTF-16 code units. */
  characters: range(LONGEST_CHARACTER_NGRAM).nullable(),
  /** Count words of known polarity, and take the counts for features; the name is that of the word list. */
  polarity: z.enum(['none', 'english-1']).default('none'),
  /** `log`: 1 + ln(count); `binary`: 1, however often an n-gram occurs. */
  termFrequency: z.enum(['log', 'binary']).default('log'),
  /**
   * Weight of an n-gram that is not in the vocabulary, as a share of the rarest possible one, in the length that a
   * text's weights are divided by: what a model never saw makes all it did see count less. 0 ignores such n-grams.
   */
  unknownShare: z.number().min(0).max(2).default(0),
  /** Distinct features taken from one text, the first ones: bounds the work for long texts. */
  maxFeatures: z.int().min(1).max(65_536).default(1024),
});

/** Parsed `features` of falcon.json. */
export type TextFeatureSettings = z.infer<typeof textFeatureSettingsSchema>;
/** What is done to a text before n-grams are taken. */
export type TextNormalisation = z.infer<typeof normalisationSchema>;
