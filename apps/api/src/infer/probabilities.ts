const MAX_LABELS = 10;

/** Probability by label: all labels up to 10 in the model's order, else the 10 likeliest, likeliest first. */
export function likeliest(labels: readonly string[], probabilities: Float32Array): Record<string, number> {
  const byLabel: Record<string, number> = {};
  if (labels.length <= MAX_LABELS) {
    for (let index = 0; index < labels.length; index++) {
      byLabel[labels[index]!] = rounded(probabilities[index]!);
    }
    return byLabel;
  }
  for (const index of likeliestIndexes(probabilities)) {
    byLabel[labels[index]!] = rounded(probabilities[index]!);
  }
  return byLabel;
}

/** Six digits are more than a float32 probability is worth, and half the bytes of printing all it has. */
export function rounded(probability: number): number {
  return Math.round(probability * 1e6) / 1e6;
}

/** Insertion into a list of ten: most probabilities lose against its last entry at once. */
function likeliestIndexes(probabilities: Float32Array): number[] {
  const best: number[] = [];
  for (let index = 0; index < probabilities.length; index++) {
    const probability = probabilities[index]!;
    if (best.length === MAX_LABELS && probability <= probabilities[best[MAX_LABELS - 1]!]!) {
      continue;
    }
    let place = Math.min(best.length, MAX_LABELS - 1);
    while (place > 0 && probability > probabilities[best[place - 1]!]!) {
      best[place] = best[place - 1]!;
      place--;
    }
    best[place] = index;
  }
  return best;
}
