/** Replaces logits by probabilities, in place; returns ln of the sum of their exponentials. */
export function softmaxInPlace(logits: Float64Array): number {
  let highest = -Infinity;
  for (const logit of logits) if (logit > highest) highest = logit;
  let sum = 0;
  for (let c = 0; c < logits.length; c++) {
    logits[c] = Math.exp(logits[c]! - highest);
    sum += logits[c]!;
  }
  for (let c = 0; c < logits.length; c++) logits[c]! /= sum;
  return highest + Math.log(sum);
}
