/** What a text classifier says of one text. */
export interface TextClassification {
  model: string;
  version: string;
  /** The likeliest label, or the out-of-scope label when even that one is below the model's threshold. */
  prediction: string;
  /** Probability of `prediction`, 0..1; for out-of-scope: one minus the likeliest label's probability. */
  confidence: number;
  /** The model's labels, in the order of `probabilities`. */
  labels: readonly string[];
  /** One probability per label; sums to 1. */
  probabilities: Float32Array;
  /** Time the batch that held this text took to compute, in ms. */
  inferenceTimeMs: number;
}
