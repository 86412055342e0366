import { z } from 'zod';
import { textFeatureSettingsSchema } from '../text/text-feature-settings.js';

const DTYPES = ['float32', 'int32', 'bool'] as const;

const tensorSpecSchema = z.strictObject({
  name: z.string().min(1),
  dtype: z.enum(DTYPES),
  /** `null` marks a dimension that a request may choose; the first one is the batch. */
  shape: z.array(z.int().nonnegative().nullable()),
});

const signatureSchema = z.strictObject({
  inputs: z.array(tensorSpecSchema).min(1),
  outputs: z.array(tensorSpecSchema).min(1),
});

const fileSchema = z.strictObject({
  bytes: z.int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits'),
});

const goldenTensorSchema = z.strictObject({ shape: z.array(z.int().positive()), data: z.array(z.number()) });

const common = {
  /** Version of this format. */
  formatVersion: z.literal(1),
  description: z.string().optional(),
  licence: z.string().optional(),
  /** Checked against what the loaded model says of itself. */
  signature: signatureSchema.optional(),
  /** Every file the model is made of, by path relative to the version's folder; one that is not listed is not read. */
  files: z.record(z.string().min(1), fileSchema),
  /** How the version was made: seed, command, hashes of the data, figures. Kept for people, not read by the server. */
  training: z.record(z.string(), z.unknown()).optional(),
};

/** How far fixed probabilities may be from adding up to 1. */
const SUM_TOLERANCE = 1e-3;

const fallbackSchema = z.union([
  z.strictObject({ probabilities: z.record(z.string(), z.number().min(0).max(1)) }),
  z.strictObject({ model: z.string().min(1), version: z.string().min(1).optional() }),
]);

const textClassificationFields = z.strictObject({
  ...common,
  task: z.literal('text-classification'),
  labels: z
    .array(z.string().min(1))
    .min(2)
    .refine((labels) => new Set(labels).size === labels.length, 'must not repeat a label'),
  features: textFeatureSettingsSchema,
  /** When even the likeliest label is below `threshold`, the prediction is `label`. */
  outOfScope: z.strictObject({ label: z.string().min(1), threshold: z.number().min(0).max(1) }).optional(),
  /** What is answered, labelled as degraded, when the model cannot: fixed probabilities, such as those of the classes, or another model's answer. */
  fallback: fallbackSchema.optional(),
  /** An example that the loaded model must answer right before it serves. */
  golden: z.strictObject({
    text: z.string().min(1),
    probabilities: z.record(z.string(), z.number().min(0).max(1)),
    tolerance: z.number().positive().max(0.1),
  }),
});

const textClassificationSchema = textClassificationFields.refine(
  ({ fallback, labels }) => !fallback || !('probabilities' in fallback) || isDistribution(fallback.probabilities, labels),
  { path: ['fallback', 'probabilities'], message: 'must have every label and no other, and add up to 1' },
);

function isDistribution(probabilities: Readonly<Record<string, number>>, labels: readonly string[]): boolean {
  const sum = Object.values(probabilities).reduce((total, probability) => total + probability, 0);
  const hasAll = labels.every((label) => Object.hasOwn(probabilities, label));
  return hasAll && Object.keys(probabilities).length === labels.length && Math.abs(sum - 1) <= SUM_TOLERANCE;
}

const tensorSchema = z.strictObject({
  ...common,
  task: z.literal('tensor'),
  golden: z
    .strictObject({
      inputs: z.record(z.string(), goldenTensorSchema),
      outputs: z.record(z.string(), goldenTensorSchema),
      tolerance: z.number().positive(),
    })
    .optional(),
});

/** falcon.json: what the server must know of a model version beyond TensorFlow.js's own model.json. */
export const manifestSchema = z.discriminatedUnion('task', [textClassificationSchema, tensorSchema]);

/** A parsed falcon.json. */
export type Manifest = z.infer<typeof manifestSchema>;
/** A parsed falcon.json of a text classifier. */
export type TextClassificationManifest = z.infer<typeof textClassificationSchema>;
/** A parsed falcon.json of a model that is asked with tensors. */
export type TensorManifest = z.infer<typeof tensorSchema>;
/** Name, element type and shape of one input or output; `null` marks a free dimension. */
export type TensorSpec = z.infer<typeof tensorSpecSchema>;
/** Inputs and outputs of a model. */
export type Signature = z.infer<typeof signatureSchema>;
/** Element types that a signature may name. */
export type TensorDtype = (typeof DTYPES)[number];
