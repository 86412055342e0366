import { readFileSync } from 'node:fs';
import { textFeatureSettingsSchema } from '@app/inference';
import { z } from 'zod';

const featuresSchema = textFeatureSettingsSchema.omit({ kind: true, vocabulary: true, documents: true }).extend({
  words: textFeatureSettingsSchema.shape.words.default({ min: 1, max: 2 }),
  characters: textFeatureSettingsSchema.shape.characters.default({ min: 2, max: 4 }),
});

const memberSchema = z.strictObject({
  /** Units of the hidden layer; 0 is a linear model. */
  hiddenUnits: z.int().min(0).max(1024).default(0),
  epochs: z.int().min(1).max(1000).default(6),
  batchSize: z.int().min(1).max(4096).default(32),
  /** Step size of Adagrad at the start; it falls to 0 linearly. */
  learningRate: z.number().positive().default(0.3),
  /** Share of a text's features left out in each step. */
  featureDropout: z.number().min(0).lt(1).default(0),
  /** Share of hidden units left out in each step. */
  unitDropout: z.number().min(0).lt(1).default(0),
  /** Pull of every weight that a step touches towards 0. */
  weightDecay: z.number().min(0).default(0),
  /** Share of the target that is spread over all labels. */
  labelSmoothing: z.number().min(0).lt(1).default(0),
  /** Standard deviation of a hidden model's first embedding weights. */
  initialScale: z.number().positive().default(0.02),
  /** Factor of this member's logits in the sum. */
  share: z.number().positive().default(1),
});

const outOfScopeSchema = z.strictObject({
  /** Label of the rows that belong to no label; they are trained towards "all labels equally likely". */
  label: z.string().min(1).default('oos'),
  /** What the served model calls such texts. */
  servedAs: z.string().min(1).default('out_of_scope'),
  /** Times that each such row is seen in an epoch. */
  repeat: z.int().min(0).max(1000).default(3),
  /** In-scope accuracy on the dev rows that the threshold may cost, 0..1; it is as high as this allows. */
  maxAccuracyLoss: z.number().min(0).max(1).default(0.01),
});

const cardSchema = z.strictObject({
  title: z.string().min(1).default('A text classifier'),
  /** Paragraphs on the data: what, from where, under what terms. */
  data: z.array(z.string()).default([]),
  /** What the model cannot do, a sentence or two each. */
  limits: z.array(z.string()).default([]),
});

/** How a text classifier is trained; every part has a default. */
export const recipeSchema = z.strictObject({
  description: z.string().min(1).default('A text classifier.'),
  licence: z.string().min(1).optional(),
  seed: z.int().default(1),
  features: featuresSchema.prefault({}),
  vocabulary: z
    .strictObject({
      /** Training texts that an n-gram must be in. */
      minDocuments: z.int().min(1).default(2),
      /** Most n-grams, the most frequent ones. */
      maxSize: z.int().min(1).max(1_000_000).default(50_000),
    })
    .prefault({}),
  /** `balanced`: every label counts the same in training, however many rows it has. */
  classWeights: z.enum(['balanced', 'none']).default('none'),
  /** Models that are trained one after the other and served as one network that adds their logits. */
  members: z.array(memberSchema).min(1).max(16).prefault([{}]),
  /** How weights are stored. */
  quantisation: z.enum(['uint8', 'uint16']).default('uint8'),
  outOfScope: outOfScopeSchema.optional(),
  /** Text of the example that the server checks a loaded model with; default: the first dev text. */
  golden: z.string().min(1).optional(),
  card: cardSchema.prefault({}),
});

/** A parsed recipe. */
export type Recipe = z.infer<typeof recipeSchema>;
/** One of the models that a recipe trains. */
export type MemberSettings = z.infer<typeof memberSchema>;

/**
 * Reads a recipe file.
 * @throws {Error} a sentence with the file and the member, when it is not one.
 */
export function readRecipe(file: string): Recipe {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`recipe ${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  const parsed = recipeSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`);
  throw new Error(`recipe ${file} is wrong: ${issues.join('; ')}`);
}
