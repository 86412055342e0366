import '@tensorflow/tfjs-backend-cpu';
import { enableProdMode } from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import type { Branch } from './text-model.js';

/** A TensorFlow.js layers model on disk. */
export interface LayersModelFiles {
  /** Content of model.json. */
  json: string;
  /** Content of the one weights file that model.json names. */
  weights: Buffer;
}

/** Weights of one layer as model.json lists them. */
interface WeightEntry {
  name: string;
  shape: number[];
  dtype: 'float32';
  quantization?: { dtype: 'uint8' | 'uint16'; min: number; scale: number };
}

const WEIGHTS_FILE = 'weights.bin';
/** Name of the output, and of the layer that makes it. */
export const OUTPUT = 'probabilities';

/** Writes a model as a standard layers model with the inputs `ids` and `weights`, which any TensorFlow.js loads. */
export function toLayersModel(branches: readonly Branch[]): LayersModelFiles {
  enableProdMode(); // no advice on backends: nothing is computed here
  const model = buildTopology(branches);
  const entries = branches.flatMap(weightsOf);
  const json = {
    format: 'layers-model',
    generatedBy: `TensorFlow.js tfjs-layers v${tfl.version_layers}`,
    convertedBy: null,
    modelTopology: model.toJSON(null, false),
    weightsManifest: [{ paths: [WEIGHTS_FILE], weights: entries.map(({ entry }) => entry) }],
  };
  model.dispose();
  return {
    json: `${JSON.stringify(json, null, 1)}\n`,
    weights: Buffer.concat(entries.map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength))),
  };
}

function buildTopology(branches: readonly Branch[]): tfl.LayersModel {
  const ids = tfl.input({ shape: [null], dtype: 'int32', name: 'ids' });
  const weights = tfl.input({ shape: [null], dtype: 'float32', name: 'weights' });
  const logits = branches.map(({ shape, dense }) => {
    const name = layerName(dense !== undefined);
    const width = shape.hiddenUnits || shape.classes;
    const rows = tfl.layers
      .embedding({ name, inputDim: shape.rows, outputDim: width, embeddingsInitializer: 'zeros' })
      .apply(ids) as tfl.SymbolicTensor;
    const sum = tfl.layers.dot({ name: `${name}_sum`, axes: [1, 1] }).apply([weights, rows]) as tfl.SymbolicTensor;
    if (!dense) return sum;
    const active = tfl.layers.reLU({ name: `${name}_active` }).apply(sum);
    return tfl.layers
      .dense({ name: 'classes', units: shape.classes, kernelInitializer: 'zeros' })
      .apply(active) as tfl.SymbolicTensor;
  });
  const [first, ...others] = logits as [tfl.SymbolicTensor, ...tfl.SymbolicTensor[]];
  const total = others.length > 0 ? tfl.layers.add({ name: 'logits' }).apply([first, ...others]) : first;
  const output = tfl.layers.softmax({ name: OUTPUT }).apply(total) as tfl.SymbolicTensor;
  return tfl.model({ name: 'text_classifier', inputs: [ids, weights], outputs: output });
}

function layerName(isHidden: boolean): string {
  return isHidden ? 'hidden' : 'linear';
}

function weightsOf({ shape, embedding, dense }: Branch): { entry: WeightEntry; data: NodeJS.TypedArray }[] {
  const { dtype, min, scale, codes } = embedding;
  const width = shape.hiddenUnits || shape.classes;
  const table = {
    entry: {
      name: `${layerName(dense !== undefined)}/embeddings`,
      shape: [shape.rows, width],
      dtype: 'float32' as const,
      quantization: { dtype, min, scale },
    },
    data: codes,
  };
  if (!dense) return [table];
  const float = (name: string, size: number[], data: Float32Array) => ({
    entry: { name: `classes/${name}`, shape: size, dtype: 'float32' as const },
    data,
  });
  return [table, float('kernel', [width, shape.classes], dense.kernel), float('bias', [shape.classes], dense.bias)];
}
