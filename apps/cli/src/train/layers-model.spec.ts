import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { toLayersModel } from './layers-model.js';
import { Random } from './random.js';
import { SparseNetwork } from './sparse-network.js';
import { TextModel } from './text-model.js';

const ROWS = 200;
const CLASSES = 7;
const random = new Random(11);

function network(hiddenUnits: number): SparseNetwork {
  const made = new SparseNetwork({ rows: ROWS, classes: CLASSES, hiddenUnits });
  for (const some of [made.embedding, made.dense?.kernel, made.dense?.bias])
    for (let k = 0; k < (some?.length ?? 0); k++) some![k] = random.normal();
  return made;
}

/** Features of texts of 0 to 60 n-grams. */
const texts = Array.from({ length: 40 }, (_, k) => {
  const length = (k * 17) % 61;
  return {
    ids: Int32Array.from({ length }, () => 1 + Math.floor(random.next() * (ROWS - 1))),
    weights: Float32Array.from({ length }, () => random.next() / 4),
  };
});

function load(model: TextModel): Promise<tfl.LayersModel> {
  const { json, weights } = toLayersModel(model.branches);
  const { modelTopology, weightsManifest } = JSON.parse(json) as {
    modelTopology: object;
    weightsManifest: { weights: tf.io.WeightsManifestEntry[] }[];
  };
  const weightSpecs = weightsManifest.flatMap((group) => group.weights);
  return tfl.loadLayersModel(
    tf.io.fromMemory({ modelTopology, weightSpecs, weightData: new Uint8Array(weights).buffer }),
  );
}

/** Runs some texts together, padded to `length`; one row of probabilities each. */
function run(model: tfl.LayersModel, rows: typeof texts, length: number): Float32Array[] {
  const ids = new Int32Array(rows.length * length);
  const weights = new Float32Array(rows.length * length);
  rows.forEach((row, k) => {
    ids.set(row.ids, k * length);
    weights.set(row.weights, k * length);
  });
  return tf.tidy(() => {
    const shape: [number, number] = [rows.length, length];
    const output = model.predictOnBatch([tf.tensor2d(ids, shape, 'int32'), tf.tensor2d(weights, shape)]) as tf.Tensor;
    const all = output.dataSync<'float32'>();
    return rows.map((_, k) => all.slice(k * CLASSES, (k + 1) * CLASSES));
  });
}

describe.each(['cpu', 'wasm'])('the written layers model on %s', (backend) => {
  beforeAll(async () => {
    tf.enableProdMode();
    await tf.setBackend(backend);
  });

  it.each([
    ['a linear model', 'uint8', [0]],
    ['a hidden model', 'uint16', [5]],
    ['a linear and a hidden model', 'uint8', [0, 5]],
  ] as const)('says what the trainer says, of %s stored as %s', async (_, dtype, units) => {
    const own = TextModel.of(units.map(network), dtype).cooled(0.7);
    const model = await load(own);
    expect(model.inputNames).toEqual(['ids', 'weights']);
    expect(model.outputNames).toEqual(['probabilities']);
    expect(model.inputs.map(({ shape, dtype: type }) => [shape, type])).toEqual([
      [[null, null], 'int32'],
      [[null, null], 'float32'],
    ]);
    run(model, texts, 60).forEach((probabilities, k) => {
      const expected = own.probabilities(texts[k]!);
      probabilities.forEach((probability, c) => expect(probability).toBeCloseTo(expected[c]!, 5));
    });
    model.dispose();
  });

  it('gives a text the same bits alone and in a batch padded to any length', async () => {
    const model = await load(TextModel.of([network(0), network(5)], 'uint8'));
    const alone = texts.map((text) => run(model, [text], Math.max(1, text.ids.length))[0]);
    for (const length of [60, 61, 64, 127, 1024]) expect(run(model, texts, length)).toEqual(alone);
    model.dispose();
  });
});

describe('toLayersModel', () => {
  it('gives the same bytes for the same weights', () => {
    const { branches } = TextModel.of([network(0), network(3)], 'uint8');
    const [first, again] = [toLayersModel(branches), toLayersModel(branches)];
    expect(again).toEqual(first);
  });
});
