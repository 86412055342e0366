import type { TextClassification } from '@app/inference';
import type { LabelledRow } from '../rows/labelled-rows.js';
import type { Judged } from './metrics.js';

/** The part of a model that decides. */
export interface Decider {
  labels: readonly string[];
  outOfScope?: { label: string; threshold: number } | undefined;
}

/** What a model makes of a row, from its probabilities: the same rule as when it serves. */
export function judge(row: LabelledRow, probabilities: ArrayLike<number>, { labels, outOfScope }: Decider): Judged {
  let best = 0;
  for (let c = 1; c < labels.length; c++) if (probabilities[c]! > probabilities[best]!) best = c;
  const likeliest = labels[best]!;
  const confidence = probabilities[best]!;
  const refused = outOfScope !== undefined && confidence < outOfScope.threshold;
  return { expected: row.label, predicted: refused ? outOfScope.label : likeliest, likeliest, confidence };
}

/** What the service made of a row. */
export function judgeAnswer(row: LabelledRow, answer: TextClassification): Judged {
  const { expected, likeliest, confidence } = judge(row, answer.probabilities, answer);
  return { expected, predicted: answer.prediction, likeliest, confidence };
}
