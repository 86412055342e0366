import { batchResponseSchema, inferResponseSchema, type BatchResponse, type InferResponse } from './infer.schema.js';
import { readJson } from './read-json.js';
import type { Said } from './said.js';

/** An answer without what the model said: how it came about, and for whom. */
export type Circumstances = Omit<InferResponse, keyof Said>;

/** How the answers to a batch came about. */
export type BatchCircumstances = Omit<BatchResponse, 'results'> & { results: Circumstances[] };

/** An answer as far as the server looks at it, and its JSON, which is made once: for the client, for the record and for the store of idempotency keys. */
export interface Rendered<T> {
  answer: T;
  json: string;
}

/** Puts an answer together; the JSON of what the model said has been there since it was said. */
export function render(said: string, answer: Circumstances): Rendered<Circumstances> {
  return { answer, json: `${said.slice(0, -1)},${JSON.stringify(answer).slice(1)}` };
}

/** Makes the JSON of an answer that was stored as a whole. */
export function renderAgain(answer: InferResponse): Rendered<Circumstances> {
  return { answer, json: JSON.stringify(answer) };
}

/** Puts the answers to a batch together out of the JSON that they have. */
export function renderBatch(
  results: readonly Rendered<Circumstances>[],
  rest: Omit<BatchResponse, 'results'>,
): Rendered<BatchCircumstances> {
  const answers = results.map(({ answer }) => answer);
  const json = `{"results":[${results.map((result) => result.json).join(',')}],${JSON.stringify(rest).slice(1)}`;
  return { answer: { results: answers, ...rest }, json };
}

/**
 * Whether `render()` can have made this: what others put into a store that is shared must not become a part of answers and
 * records.
 */
export function isRendered(json: string): boolean {
  const answer = readJson(inferResponseSchema, json);
  return answer !== undefined && isExplained(answer);
}

/** Whether `renderBatch()` can have made this. */
export function isRenderedBatch(json: string): boolean {
  const answer = readJson(batchResponseSchema, json);
  return answer !== undefined && answer.results.every(isExplained);
}

/** The reason of a degraded answer is a label of its metric. */
function isExplained({ mode, degraded_reason: reason }: InferResponse): boolean {
  return mode === 'fresh' || reason !== undefined;
}
