import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { type Files, layersFiles, linearFiles } from './model-fixtures.js';

/** Two inputs of different types and sizes, two outputs: sum = a + b's first column, double = 2a. */
export async function twoInTwoOutFiles(): Promise<Files> {
  await tf.setBackend('cpu');
  const a = layers.input({ shape: [2], name: 'a' });
  const b = layers.input({ shape: [2], name: 'b' });
  const sum = layers.layers.add({ name: 'sum' }).apply([a, b]) as layers.SymbolicTensor;
  const double = layers.layers.add({ name: 'double' }).apply([a, a]) as layers.SymbolicTensor;
  return layersFiles(layers.model({ inputs: [a, b], outputs: [sum, double] }));
}

/** A recurrent model over sequences of any length, of two features a step. */
export async function lstmFiles(): Promise<Files> {
  await tf.setBackend('cpu');
  const input = layers.input({ shape: [null, 2], name: 'x' });
  const lstm = layers.layers.lstm({
    units: 3,
    name: 'state',
    kernelInitializer: 'ones',
    recurrentInitializer: 'zeros',
  });
  return layersFiles(layers.model({ inputs: input, outputs: lstm.apply(input) as layers.SymbolicTensor }));
}

/** y = x * 2 + 1 with weights stored as 8-bit integers, in two files without an extension. */
export async function quantisedFiles(): Promise<Files> {
  const files = await linearFiles();
  const json = JSON.parse(files['model.json'] as string) as {
    weightsManifest: { paths: string[]; weights: { name: string; quantization?: object }[] }[];
  };
  const group = json.weightsManifest[0];
  if (!group) throw new Error('the linear model has no weights');
  // Stored bytes: kernel 2 * identity, bias 1; a value is its byte times the scale plus the minimum.
  for (const weight of group.weights) weight.quantization = { dtype: 'uint8', min: 0, scale: 0.5 };
  group.paths = ['group1-shard1of2', 'group1-shard2of2'];
  const bytes = Buffer.from([4, 0, 0, 0, 4, 0, 0, 0, 4, 2, 2, 2]);
  return {
    'model.json': JSON.stringify(json),
    'group1-shard1of2': bytes.subarray(0, 5),
    'group1-shard2of2': bytes.subarray(5),
  };
}

/** The linear model as Keras 2 conversions have it: no "format". */
export async function formatlessFiles(): Promise<Files> {
  const files = await linearFiles();
  const { format, ...json } = JSON.parse(files['model.json'] as string) as { format: string };
  if (format !== 'layers-model') throw new Error('the fixture has changed');
  return { ...files, 'model.json': JSON.stringify(json) };
}
