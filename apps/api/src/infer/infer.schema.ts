import { MAX_MODEL_NAME_CHARACTERS } from '@app/inference';
import { z } from 'zod';
import { DEGRADING_ERROR_CODES } from '../http-errors.js';

const MAX_TEXT_CHARACTERS = 10_000;
const MAX_BATCH_TEXTS = 256;

/** What is wrong with a text, or nothing. Characters are Unicode code points. */
function faultOfText(text: string): string | undefined {
  if (text.length > MAX_TEXT_CHARACTERS && hasMoreCharactersThan(text, MAX_TEXT_CHARACTERS)) {
    return `must be at most ${MAX_TEXT_CHARACTERS} characters`;
  }
  if (text.trim() === '') {
    return 'must not be blank';
  }
  return text.isWellFormed() ? undefined : 'must be well-formed Unicode: it has a lone surrogate';
}

function hasMoreCharactersThan(text: string, limit: number): boolean {
  // A character is one or two UTF-16 units.
  if (text.length > 2 * limit) {
    return true;
  }
  let characters = 0;
  for (const _ of text) {
    characters++;
  }
  return characters > limit;
}

const text = z
  .string('must be a string')
  .superRefine((value, context) => {
    const message = faultOfText(value);
    if (message) {
      context.addIssue({ code: 'custom', message });
    }
  })
  .meta({
    minLength: 1,
    maxLength: MAX_TEXT_CHARACTERS,
    pattern: '\\S',
    description: 'The text to classify, 1 to 10,000 Unicode characters, not blank. Any script, emoji and NUL are fine.',
    example: 'What a wonderful day',
  });

const choice = {
  model: z
    .string('must be a string')
    .min(1, 'must not be empty')
    .max(MAX_MODEL_NAME_CHARACTERS, `must be at most ${MAX_MODEL_NAME_CHARACTERS} characters`)
    .optional()
    .meta({ description: 'Name of the model; the default model if absent.', example: 'sentiment' }),
  version: z
    .string('must be a string')
    .min(1, 'must not be empty')
    .max(100, 'must be at most 100 characters')
    .optional()
    .meta({ description: 'Version of the model; the one that serves if absent.', example: '1' }),
};

const NOT_AN_OBJECT = 'must be a JSON object';

/** Body of POST /infer. */
export const inferRequestSchema = z.strictObject({ text, ...choice }, NOT_AN_OBJECT).meta({ id: 'InferRequest' });
export type InferRequest = z.output<typeof inferRequestSchema>;

/** Body of POST /infer/batch. */
export const batchRequestSchema = z
  .strictObject(
    {
      texts: z
        .array(text, 'must be an array of strings')
        .min(1, 'must not be empty')
        .max(MAX_BATCH_TEXTS, `must be at most ${MAX_BATCH_TEXTS} texts`),
      ...choice,
    },
    NOT_AN_OBJECT,
  )
  .meta({ id: 'BatchRequest' });
export type BatchRequest = z.output<typeof batchRequestSchema>;

const probability = z.number().min(0).max(1);

/** How an answer that is not fresh came about. */
export const DEGRADED_MODES = ['degraded_cache', 'degraded_fallback'] as const;

/** Answer of POST /infer. */
export const inferResponseSchema = z
  .strictObject({
    prediction: z.string().meta({ description: "The likeliest label, or the model's out-of-scope label." }),
    confidence: probability.meta({ description: 'Probability of `prediction`.' }),
    probabilities: z
      .record(z.string(), probability)
      .meta({ description: 'Probability by label: all labels up to 10, else the 10 likeliest.' }),
    cache_hit: z.boolean().meta({ description: 'Whether the answer was stored before.' }),
    idempotency_hit: z
      .boolean()
      .meta({ description: 'Whether this is the answer that was given to an earlier request with the same key.' }),
    worker_id: z.string(),
    processing_time_ms: z.number().min(0),
    mode: z.enum(['fresh', ...DEGRADED_MODES]).meta({
      description:
        'How the answer came about. degraded_cache: a stored one past its time; degraded_fallback: what the model declares for when it cannot answer.',
    }),
    degraded_reason: z
      .enum(DEGRADING_ERROR_CODES)
      .optional()
      .meta({ description: 'Of a degraded answer: the code of the error that a fresh one would have been.' }),
    age_seconds: z.number().min(0).optional().meta({ description: 'Of a degraded_cache answer: how old it is.' }),
    model: z.string(),
    model_version: z.string(),
    request_id: z.string(),
  })
  .meta({ id: 'InferResponse' });
export type InferResponse = z.output<typeof inferResponseSchema>;

/** Answer of POST /infer/batch. */
export const batchResponseSchema = z
  .strictObject({
    results: z.array(inferResponseSchema).meta({ description: 'One answer per text, in the order of `texts`.' }),
    worker_id: z.string(),
    processing_time_ms: z.number().min(0),
    request_id: z.string(),
  })
  .meta({ id: 'BatchResponse' });
export type BatchResponse = z.output<typeof batchResponseSchema>;
