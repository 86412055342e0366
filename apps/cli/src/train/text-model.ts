import type { FeatureVector } from '@app/inference';
import { dequantise, quantise, type QuantisedWeights, scaleQuantised } from './quantise.js';
import { softmaxInPlace } from './softmax.js';
import { type DenseLayer, type NetworkShape, SparseNetwork } from './sparse-network.js';

/** One branch of the served model: a quantised embedding and, in a hidden one, a dense layer. */
export interface Branch {
  shape: NetworkShape;
  embedding: QuantisedWeights;
  dense?: DenseLayer | undefined;
}

/** The model as it is served: quantised branches whose logits add up. */
export class TextModel {
  private readonly networks: readonly SparseNetwork[];

  private constructor(readonly branches: readonly Branch[]) {
    this.networks = branches.map(
      ({ shape, embedding, dense }) => new SparseNetwork(shape, { embedding: dequantise(embedding), dense }),
    );
  }

  /** Quantises the embeddings of networks; their dense layers are small and stay as they are. */
  static of(networks: readonly SparseNetwork[], dtype: 'uint8' | 'uint16'): TextModel {
    return new TextModel(
      networks.map(({ shape, embedding, dense }) => ({ shape, dense, embedding: quantise(embedding, dtype) })),
    );
  }

  /** The same model with every logit divided by `temperature`; the codes of the weights stay. */
  cooled(temperature: number): TextModel {
    const factor = 1 / temperature;
    return new TextModel(
      this.branches.map(({ shape, embedding, dense }) =>
        dense
          ? { shape, embedding, dense: scaleDense(dense, factor) }
          : { shape, embedding: scaleQuantised(embedding, factor) },
      ),
    );
  }

  /** One logit per class. */
  logits(features: FeatureVector): Float64Array {
    const logits = new Float64Array(this.branches[0]!.shape.classes);
    for (const network of this.networks) network.addLogits(features, logits);
    return logits;
  }

  /** One probability per class. */
  probabilities(features: FeatureVector): Float64Array {
    const logits = this.logits(features);
    softmaxInPlace(logits);
    return logits;
  }
}

function scaleDense({ kernel, bias }: DenseLayer, factor: number): DenseLayer {
  return { kernel: kernel.map((weight) => weight * factor), bias: bias.map((weight) => weight * factor) };
}
