import { isDeepStrictEqual } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import type { Manifest, Signature, TensorManifest, TextClassificationManifest } from '../models/manifest.js';
import { byteLength } from '../tensor-batch.js';
import { elementCount, type NamedTensors } from '../tensors.js';
import type { WorkerSettings } from './protocol.js';
import type { TensorModel } from './tensor-model.js';
import { BYTES_PER_FEATURE, type TextClassifier } from './text-classifier.js';

/**
 * Answers the golden example (or zeros, where there is none) until everything that is made lazily is made, and measures
 * what one byte of input costs in working memory.
 * @returns bytes of input that one batch may have.
 */
export async function warmUp(
  model: TensorModel,
  classifier: TextClassifier | undefined,
  manifest: Manifest | undefined,
  { batchSize, maxBatchBytes }: WorkerSettings,
): Promise<number> {
  if (classifier) return warmUpText(classifier, manifest as TextClassificationManifest, { batchSize, maxBatchBytes });
  const golden = (manifest as TensorManifest | undefined)?.golden;
  const inputs = golden ? goldenInputs(golden.inputs, model.signature) : zeros(model.signature);
  const outputs = await model.run(inputs);
  if (golden) checkGoldenTensors(golden, outputs);
  const workingBytes = await workingBytesOf(() => model.run(inputs));
  return allowedInputBytes(byteLength(inputs), workingBytes, maxBatchBytes);
}

async function warmUpText(
  classifier: TextClassifier,
  { golden, labels, features }: TextClassificationManifest,
  { batchSize, maxBatchBytes }: Pick<WorkerSettings, 'batchSize' | 'maxBatchBytes'>,
): Promise<number> {
  const result = await classifier.classify([golden.text], Infinity);
  for (const [k, label] of labels.entries()) {
    const expected = golden.probabilities[label] ?? Number.NaN;
    const got = result[k] ?? Number.NaN;
    if (!(Math.abs(got - expected) <= golden.tolerance)) {
      throw new Error(`the golden example "${golden.text}" must give ${label} ${expected}, the model gives ${got}`);
    }
  }
  await classifier.checkRows(golden.text);
  const workingBytes = await workingBytesOf(() => classifier.classify([golden.text], Infinity));
  const inputBytes = classifier.featureBytes(golden.text);
  const maxInputBytes = allowedInputBytes(inputBytes, workingBytes, maxBatchBytes);
  if (maxInputBytes < features.maxFeatures * BYTES_PER_FEATURE) {
    throw new Error(
      `one text of ${features.maxFeatures} features does not fit into ${maxBatchBytes} bytes of working memory`,
    );
  }
  for (let size = 1; size <= batchSize; size *= 2)
    await classifier.classify(Array(size).fill(golden.text), maxInputBytes);
  return maxInputBytes;
}

/** For what has run before: a kernel that throws while it is profiled loses its error, and ends the worker by an unhandled one. */
async function workingBytesOf(run: () => Promise<unknown>): Promise<number> {
  const before = tf.memory().numBytes;
  try {
    const { peakBytes } = await tf.profile(async () => {
      await run();
      return [];
    });
    return Math.max(0, peakBytes - before);
  } finally {
    tf.engine().state.profiling = false; // profile() leaves it on when the run throws, and would keep a record of every kernel
  }
}

/** Working memory grows with the input; twice the measured ratio leaves room for scratch memory that is not counted. */
function allowedInputBytes(inputBytes: number, workingBytes: number, maxBatchBytes: number): number {
  const ratio = (2 * Math.max(workingBytes, inputBytes)) / Math.max(1, inputBytes);
  return Math.floor(maxBatchBytes / ratio);
}

function zeros({ inputs }: Signature): NamedTensors {
  return Object.fromEntries(
    inputs.map(({ name, dtype, shape }) => {
      const sizes = shape.map((size) => size ?? 1);
      return [name, { dtype, shape: sizes, data: typed(dtype, elementCount(sizes)) }];
    }),
  );
}

type GoldenTensors = NonNullable<TensorManifest['golden']>['inputs'];

function goldenInputs(golden: GoldenTensors, { inputs }: Signature): NamedTensors {
  return Object.fromEntries(
    inputs.map(({ name, dtype }) => {
      const value = golden[name];
      if (!value) throw new Error(`the golden example has no input "${name}"`);
      return [name, { dtype, shape: value.shape, data: typed(dtype, value.data) }];
    }),
  );
}

function checkGoldenTensors({ outputs, tolerance }: NonNullable<TensorManifest['golden']>, got: NamedTensors): void {
  for (const [name, { shape, data }] of Object.entries(outputs)) {
    const actual = got[name];
    if (!actual || !isDeepStrictEqual(actual.shape, shape)) {
      throw new Error(
        `the golden example must give "${name}" of shape [${shape.join()}], the model gives [${actual?.shape.join()}]`,
      );
    }
    const wrong = data.findIndex((expected, k) => !(Math.abs((actual.data[k] ?? Number.NaN) - expected) <= tolerance));
    if (wrong >= 0) {
      throw new Error(
        `the golden example must give ${name}[${wrong}] = ${data[wrong]}, the model gives ${actual.data[wrong]}`,
      );
    }
  }
}

function typed(dtype: string, values: number | number[]): Float32Array | Int32Array | Uint8Array {
  const Type = dtype === 'float32' ? Float32Array : dtype === 'int32' ? Int32Array : Uint8Array;
  return typeof values === 'number' ? new Type(values) : Type.from(values);
}
