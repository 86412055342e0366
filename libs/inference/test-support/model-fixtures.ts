import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { listedFile } from './listed-file.js';

tf.enableProdMode(); // no banner

/** The built worker: specs run from source, workers run what ships. */
export const WORKER_ENTRY = resolve(__dirname, '../../../dist/libs/inference/src/worker/worker-main.js');
if (!existsSync(WORKER_ENTRY)) throw new Error(`${WORKER_ENTRY} is missing: run "npm run build" first`);

/** Files of a model version by path. */
export type Files = Record<string, Buffer | string>;

/** Writes a model version `<dir>/<name>/<version>`. */
export function writeVersion(dir: string, key: string, files: Files): string {
  const folder = join(dir, key);
  mkdirSync(folder, { recursive: true });
  for (const [path, content] of Object.entries(files)) writeFileSync(join(folder, path), content);
  return folder;
}

/** falcon.json for these files, with their true sizes and hashes. */
export function manifestOf(files: Files, rest: object = { task: 'tensor' }): string {
  const listed = Object.entries(files).map(([path, content]) => [path, listedFile(content)]);
  return JSON.stringify({ formatVersion: 1, files: Object.fromEntries(listed), ...rest });
}

/** Saves a layers model as model.json and weights.bin. */
export async function layersFiles(model: layers.LayersModel): Promise<Files> {
  let files: Files = {};
  await model.save({
    save: async (artifacts) => {
      const data = artifacts.weightData as ArrayBuffer;
      files = {
        'model.json': JSON.stringify({
          format: 'layers-model',
          modelTopology: artifacts.modelTopology,
          weightsManifest: [{ paths: ['weights.bin'], weights: artifacts.weightSpecs }],
        }),
        'weights.bin': Buffer.from(data),
      };
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    },
  });
  return files;
}

/** y = x * 2 + 1 for x of shape [batch, 3]. */
export async function linearFiles(batch: number | null = null): Promise<Files> {
  await tf.setBackend('cpu');
  const input = layers.input(batch === null ? { shape: [3], name: 'x' } : { batchShape: [batch, 3], name: 'x' });
  const dense = layers.layers.dense({ units: 3, name: 'y' });
  const model = layers.model({ inputs: input, outputs: dense.apply(input) as layers.SymbolicTensor });
  dense.setWeights([tf.mul(tf.eye(3), 2), tf.ones([3])]);
  return layersFiles(model);
}

/** A hidden layer that gives `bias`, whatever x is, and a dense one on top. */
export async function hiddenFiles(bias: number): Promise<Files> {
  await tf.setBackend('cpu');
  const input = layers.input({ shape: [3], name: 'x' });
  const hidden = layers.layers.dense({ units: 3, name: 'hidden' });
  const dense = layers.layers.dense({ units: 3, name: 'y' });
  const output = dense.apply(hidden.apply(input)) as layers.SymbolicTensor;
  const model = layers.model({ inputs: input, outputs: output });
  hidden.setWeights([tf.zeros([3, 3]), tf.mul(tf.ones([3]), bias)]);
  return layersFiles(model);
}

/** An embedding of 10 rows: ids outside of 0..9 make the model throw; dense on top with fixed pseudo-random weights. */
export async function embeddingFiles(): Promise<Files> {
  await tf.setBackend('cpu');
  const ids = layers.input({ shape: [null], dtype: 'int32', name: 'ids' });
  const embedded = layers.layers.embedding({ inputDim: 10, outputDim: 20, name: 'table' });
  const pooled = layers.layers.globalAveragePooling1d({ name: 'mean' });
  const dense = layers.layers.dense({ units: 4, activation: 'softmax', name: 'classes' });
  const output = dense.apply(pooled.apply(embedded.apply(ids))) as layers.SymbolicTensor;
  const model = layers.model({ inputs: ids, outputs: output });
  embedded.setWeights([tf.randomUniform([10, 20], -1, 1, 'float32', 7)]);
  dense.setWeights([tf.randomUniform([20, 4], -1, 1, 'float32', 8), tf.zeros([4])]);
  return layersFiles(model);
}

/** A node of a graph as model.json has it. */
export interface Node {
  name: string;
  op: string;
  input?: string[];
  attr?: object;
}

/** The value of the node `Const` of that name. */
export interface Weight {
  name: string;
  dtype: 'float32' | 'int32';
  shape: number[];
  values: number[];
}

/** A graph model of hand-written nodes. */
export function graphFiles(node: Node[], signature: object, weights: Weight[] = []): Files {
  const json = {
    format: 'graph-model',
    modelTopology: { node, versions: { producer: 1 } },
    signature,
    weightsManifest: [
      { paths: ['weights.bin'], weights: weights.map(({ name, dtype, shape }) => ({ name, dtype, shape })) },
    ],
  };
  const parts = weights.map(({ dtype, values }) => (dtype === 'int32' ? Int32Array : Float32Array).from(values));
  return {
    'model.json': JSON.stringify(json),
    'weights.bin': Buffer.concat(parts.map(({ buffer }) => Buffer.from(buffer))),
  };
}

const FLOAT = { type: 'DT_FLOAT' };

/** An input; -1 is a free dimension. */
export function placeholder(name: string, sizes: number[], type = 'DT_FLOAT'): Node {
  const dim = sizes.map((size) => ({ size: `${size}` }));
  return { name, op: 'Placeholder', attr: { dtype: { type }, shape: { shape: { dim } } } };
}

/** What a signature says of an input or output; the name may have the number of a node's output behind it. */
export function tensorInfo(name: string, sizes: number[], dtype = 'DT_FLOAT'): object {
  const dim = sizes.map((size) => ({ size: `${size}` }));
  return { name: name.includes(':') ? name : `${name}:0`, dtype, tensorShape: { dim } };
}

/** y = einsum('ij,ij->ij', x, x): a kernel that wasm lacks and cpu has. */
export function einsumFiles(): Files {
  const attr = { equation: { s: Buffer.from('ij,ij->ij').toString('base64') }, N: { i: '2' }, T: FLOAT };
  return graphFiles([placeholder('x', [-1, 2]), { name: 'y', op: 'Einsum', input: ['x', 'x'], attr }], {
    inputs: { x: tensorInfo('x', [-1, 2]) },
    outputs: { y: tensorInfo('y', [-1, 2]) },
  });
}

/** A graph of one operation on x. */
export function operationFiles(op: string): Files {
  return graphFiles([placeholder('x', [-1, 2]), { name: 'y', op, input: ['x'], attr: { T: FLOAT } }], {
    inputs: { x: tensorInfo('x', [-1, 2]) },
    outputs: { y: tensorInfo('y', [-1, 2]) },
  });
}
