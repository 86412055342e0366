import type { BatchResponse, InferResponse } from './infer.schema.js';

/** An answer and its JSON, which is made once: for the client, for the record and for the store of idempotency keys. */
export interface Rendered<T> {
  answer: T;
  json: string;
}

/** Makes the JSON of an answer. */
export function render<T>(answer: T): Rendered<T> {
  return { answer, json: JSON.stringify(answer) };
}

/** Puts the answers to a batch together out of the JSON that they have. */
export function renderBatch(
  results: readonly Rendered<InferResponse>[],
  rest: Omit<BatchResponse, 'results'>,
): Rendered<BatchResponse> {
  const answers = results.map(({ answer }) => answer);
  const json = `{"results":[${results.map((result) => result.json).join(',')}],${JSON.stringify(rest).slice(1)}`;
  return { answer: { results: answers, ...rest }, json };
}
