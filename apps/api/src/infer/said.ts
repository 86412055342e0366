import type { TextClassification } from '@app/inference';
import type { z } from 'zod';
import { inferResponseSchema } from './infer.schema.js';
import { likeliest, rounded } from './probabilities.js';
import { readJson } from './read-json.js';

const saidSchema = inferResponseSchema.pick({
  prediction: true,
  confidence: true,
  probabilities: true,
  model: true,
  model_version: true,
});

/** What a model says of a text: the part of an answer that is the same for whoever asks. */
export type Said = z.output<typeof saidSchema>;

/** JSON of what a model has said; it is made once, kept, and never taken apart again. */
export function saidJson({
  prediction,
  confidence,
  labels,
  probabilities,
  model,
  version,
}: TextClassification): string {
  const said: Said = {
    prediction,
    confidence: rounded(confidence),
    probabilities: likeliest(labels, probabilities),
    model,
    model_version: version,
  };
  return JSON.stringify(said);
}

/** The same with the time that it took, as the cache keeps it. */
export function writeSaid(classification: TextClassification): string {
  return `${classification.inferenceTimeMs} ${saidJson(classification)}`;
}

/** Reads what `writeSaid()` wrote: JSON of a `Said`, and the time that its batch took. */
export function readSaid(written: string): { said: string; inferenceTimeMs: number } {
  const end = written.indexOf(' ');
  return { said: written.slice(end + 1), inferenceTimeMs: Number(written.slice(0, end)) };
}

/**
 * Whether `writeSaid()` can have written this, to the letter: what others put into a store that is shared must not become
 * a part of answers and records, which hold it as it is.
 */
export function isSaid(written: string): boolean {
  const { said, inferenceTimeMs } = readSaid(written);
  const data = readJson(saidSchema, said);
  return data !== undefined && written === `${inferenceTimeMs} ${JSON.stringify(inOrder(data))}`;
}

function inOrder({ prediction, confidence, probabilities, model, model_version }: Said): Said {
  return { prediction, confidence, probabilities, model, model_version };
}
