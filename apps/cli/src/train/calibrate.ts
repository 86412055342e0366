import { softmaxInPlace } from './softmax.js';

const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;
const LOWEST = Math.log(0.05);
const HIGHEST = Math.log(20);
const STEPS = 40;

/**
 * Finds the temperature that makes probabilities fit best: dividing logits by it gives the least cross-entropy.
 * It changes no decision, only how sure of it the model says to be.
 */
export function fitTemperature(logits: readonly Float64Array[], classes: ArrayLike<number>): number {
  const loss = (logarithm: number) => meanCrossEntropy(logits, classes, Math.exp(logarithm));
  let [low, high] = [LOWEST, HIGHEST];
  for (let step = 0; step < STEPS; step++) {
    const left = high - GOLDEN_RATIO * (high - low);
    const right = low + GOLDEN_RATIO * (high - low);
    if (loss(left) < loss(right)) high = right;
    else low = left;
  }
  return Math.exp((low + high) / 2);
}

function meanCrossEntropy(logits: readonly Float64Array[], classes: ArrayLike<number>, temperature: number): number {
  let sum = 0;
  logits.forEach((row, k) => {
    const cooled = row.map((logit) => logit / temperature);
    const wanted = cooled[classes[k]!]!;
    sum += softmaxInPlace(cooled) - wanted;
  });
  return sum / logits.length;
}

/**
 * The highest threshold on the likeliest label's probability that costs at most `maxAccuracyLoss` of accuracy:
 * what is right but below it would be called out of scope.
 * @param rightConfidences probability of the prediction of each in-scope row that is predicted right.
 * @param rows number of all in-scope rows.
 */
export function chooseThreshold(rightConfidences: readonly number[], rows: number, maxAccuracyLoss: number): number {
  const sorted = rightConfidences.toSorted((a, b) => a - b);
  const affordable = Math.floor(maxAccuracyLoss * rows + 1e-9);
  return roundDown(sorted[Math.min(affordable, sorted.length - 1)] ?? 0);
}

/** Four digits are enough, and rounding down keeps the row at the threshold in scope. */
function roundDown(probability: number): number {
  return Math.floor(probability * 10_000) / 10_000;
}
