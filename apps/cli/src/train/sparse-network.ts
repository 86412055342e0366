import type { FeatureVector } from '@app/inference';
import { Random } from './random.js';

/** Size of a network. */
export interface NetworkShape {
  /** Rows of the embedding table, padding included. */
  rows: number;
  classes: number;
  /** Hidden units; 0 is a linear model, whose embedding is as wide as there are classes. */
  hiddenUnits: number;
}

/** The dense layer behind the hidden units. */
export interface DenseLayer {
  /** Row-major: hidden unit, class. */
  kernel: Float32Array;
  bias: Float32Array;
}

/** Sum of weighted embedding rows; then, with hidden units, ReLU and a dense layer. Gives one logit per class. */
export class SparseNetwork {
  /** Width of the embedding. */
  readonly width: number;
  /** Row-major: feature id, unit. Row 0 is padding. */
  readonly embedding: Float32Array;
  /** Absent in a linear model. */
  readonly dense: DenseLayer | undefined;

  constructor(
    readonly shape: NetworkShape,
    weights?: { embedding: Float32Array; dense?: DenseLayer | undefined },
  ) {
    const { rows, classes, hiddenUnits } = shape;
    this.width = hiddenUnits || classes;
    this.embedding = weights?.embedding ?? new Float32Array(rows * this.width);
    if (hiddenUnits > 0) {
      this.dense = weights?.dense ?? {
        kernel: new Float32Array(hiddenUnits * classes),
        bias: new Float32Array(classes),
      };
    }
  }

  /** Random first weights: a hidden layer of zeros would never learn. A linear model starts at 0. */
  initialise(random: Random, scale: number): void {
    if (!this.dense) return;
    for (let k = this.width; k < this.embedding.length; k++) this.embedding[k] = scale * random.normal();
    const spread = 1 / Math.sqrt(this.shape.hiddenUnits);
    for (let k = 0; k < this.dense.kernel.length; k++) this.dense.kernel[k] = spread * random.normal();
  }

  /** Adds the logits of a text, times `share`, to `logits`. */
  addLogits(features: FeatureVector, logits: Float64Array, share = 1): void {
    const sum = this.embed(features, new Float64Array(this.width));
    if (!this.dense) {
      for (let c = 0; c < logits.length; c++) logits[c]! += share * sum[c]!;
      return;
    }
    const { kernel, bias } = this.dense;
    const classes = logits.length;
    for (let c = 0; c < classes; c++) logits[c]! += share * bias[c]!;
    for (let unit = 0; unit < this.width; unit++) {
      const active = share * sum[unit]!;
      if (active > 0) for (let c = 0; c < classes; c++) logits[c]! += active * kernel[unit * classes + c]!;
    }
  }

  /** Overwrites `sum` with that of a text's weighted rows, and gives it back. */
  embed({ ids, weights }: FeatureVector, sum: Float64Array): Float64Array {
    const { width, embedding } = this;
    sum.fill(0);
    for (let f = 0; f < ids.length; f++) {
      const weight = weights[f]!;
      if (weight === 0) continue;
      const row = ids[f]! * width;
      for (let unit = 0; unit < width; unit++) sum[unit]! += weight * embedding[row + unit]!;
    }
    return sum;
  }
}
