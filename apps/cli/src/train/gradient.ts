import type { FeatureVector } from '@app/inference';
import { softmaxInPlace } from './softmax.js';
import type { SparseNetwork } from './sparse-network.js';

/** Gradient of the loss over one mini-batch; of the embedding only the rows that the batch touches. */
export class Gradient {
  /** Ids of the touched rows. */
  readonly touched: number[] = [];
  /** Gradients of the touched rows, in the order of `touched`. */
  embedding: Float32Array;
  /** Gradient of the dense layer. */
  readonly kernel: Float32Array;
  /** Gradient of the dense layer's bias. */
  readonly bias: Float32Array;

  private readonly placeOf: Int32Array;
  private readonly sum: Float64Array;
  private readonly sumGradient: Float64Array;
  private readonly error: Float64Array;

  constructor(private readonly network: SparseNetwork) {
    const { width, dense, shape } = network;
    this.embedding = new Float32Array(1024 * width);
    this.kernel = new Float32Array(dense?.kernel.length ?? 0);
    this.bias = new Float32Array(dense?.bias.length ?? 0);
    this.placeOf = new Int32Array(shape.rows).fill(-1);
    this.sum = new Float64Array(width);
    this.sumGradient = new Float64Array(width);
    this.error = new Float64Array(shape.classes);
  }

  /** Forgets the last batch. */
  clear(): void {
    for (const id of this.touched) this.placeOf[id] = -1;
    this.touched.length = 0;
    this.kernel.fill(0);
    this.bias.fill(0);
  }

  /**
   * Adds one text's gradient of cross-entropy times `importance`.
   * @param unitFactors what dropout does to each hidden unit: 0 or a factor; empty in a linear model.
   * @returns the text's cross-entropy, without `importance`.
   */
  add(features: FeatureVector, target: Float64Array, importance: number, unitFactors: Float64Array): number {
    this.network.embed(features, this.sum);
    const loss = this.network.dense
      ? this.backThroughDense(target, importance, unitFactors)
      : this.backThroughSoftmax(this.sum, target, importance, this.sumGradient);
    this.addToRows(features);
    return loss;
  }

  private backThroughDense(target: Float64Array, importance: number, unitFactors: Float64Array): number {
    const { sum, sumGradient, error, kernel: kernelGradient } = this;
    const { kernel, bias } = this.network.dense!;
    const classes = error.length;
    const logits = Float64Array.from(bias);
    for (let unit = 0; unit < sum.length; unit++) {
      const active = Math.max(0, sum[unit]!) * unitFactors[unit]!;
      if (active > 0) for (let c = 0; c < classes; c++) logits[c]! += active * kernel[unit * classes + c]!;
    }
    const loss = this.backThroughSoftmax(logits, target, importance, error);
    for (let unit = 0; unit < sum.length; unit++) {
      sumGradient[unit] = 0;
      const factor = sum[unit]! > 0 ? unitFactors[unit]! : 0;
      if (factor === 0) continue;
      const active = sum[unit]! * factor;
      let back = 0;
      for (let c = 0; c < classes; c++) {
        back += error[c]! * kernel[unit * classes + c]!;
        kernelGradient[unit * classes + c]! += active * error[c]!;
      }
      sumGradient[unit] = back * factor;
    }
    for (let c = 0; c < classes; c++) this.bias[c]! += error[c]!;
    return loss;
  }

  /** Overwrites `logits` with probabilities. */
  private backThroughSoftmax(
    logits: Float64Array,
    target: Float64Array,
    importance: number,
    into: Float64Array,
  ): number {
    let wanted = 0;
    for (let c = 0; c < logits.length; c++) wanted += target[c]! * logits[c]!;
    const loss = softmaxInPlace(logits) - wanted;
    for (let c = 0; c < logits.length; c++) into[c] = importance * (logits[c]! - target[c]!);
    return loss;
  }

  private addToRows({ ids, weights }: FeatureVector): void {
    const { width } = this.network;
    const { sumGradient } = this;
    for (let f = 0; f < ids.length; f++) {
      const weight = weights[f]!;
      if (weight === 0) continue;
      const row = this.rowOf(ids[f]!) * width;
      for (let unit = 0; unit < width; unit++) this.embedding[row + unit]! += weight * sumGradient[unit]!;
    }
  }

  private rowOf(id: number): number {
    const known = this.placeOf[id]!;
    if (known >= 0) return known;
    const { width } = this.network;
    const place = this.touched.push(id) - 1;
    this.placeOf[id] = place;
    if ((place + 1) * width > this.embedding.length) {
      const wider = new Float32Array(2 * this.embedding.length);
      wider.set(this.embedding);
      this.embedding = wider;
    }
    this.embedding.fill(0, place * width, (place + 1) * width);
    return place;
  }
}
