import type { Gradient } from './gradient.js';
import type { SparseNetwork } from './sparse-network.js';

/** Keeps the first steps of a weight from being divided by 0. */
const SMALLEST_SUM = 1e-6;

/** Adagrad: every weight has a step size of its own, which shrinks with the gradients it has seen; rare n-grams keep large ones. */
export class Adagrad {
  private readonly embeddingSums: Float32Array;
  private readonly kernelSums: Float32Array;
  private readonly biasSums: Float32Array;

  constructor(
    private readonly network: SparseNetwork,
    private readonly weightDecay: number,
  ) {
    const sums = (of: Float32Array | undefined) => new Float32Array(of?.length ?? 0).fill(SMALLEST_SUM);
    this.embeddingSums = sums(network.embedding);
    this.kernelSums = sums(network.dense?.kernel);
    this.biasSums = sums(network.dense?.bias);
  }

  /** Moves the weights that the batch touched. */
  step(gradient: Gradient, learningRate: number): void {
    const { width, embedding, dense } = this.network;
    const sums = this.embeddingSums;
    for (let place = 0; place < gradient.touched.length; place++) {
      const to = gradient.touched[place]! * width;
      const from = place * width;
      for (let unit = 0; unit < width; unit++) {
        const slope = gradient.embedding[from + unit]! + this.weightDecay * embedding[to + unit]!;
        const sum = sums[to + unit]! + slope * slope;
        sums[to + unit] = sum;
        embedding[to + unit]! -= (learningRate * slope) / Math.sqrt(sum);
      }
    }
    if (!dense) return;
    stepDense(dense.kernel, gradient.kernel, this.kernelSums, learningRate);
    stepDense(dense.bias, gradient.bias, this.biasSums, learningRate);
  }
}

function stepDense(weights: Float32Array, slopes: Float32Array, sums: Float32Array, learningRate: number): void {
  for (let k = 0; k < weights.length; k++) {
    const slope = slopes[k]!;
    if (slope === 0) continue;
    const sum = sums[k]! + slope * slope;
    sums[k] = sum;
    weights[k]! -= (learningRate * slope) / Math.sqrt(sum);
  }
}
