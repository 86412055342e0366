import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { type Files, graphFiles, layersFiles, manifestOf, placeholder, tensorInfo } from './model-fixtures.js';

/** What says `bad` or `good` of a text: one row a word of the vocabulary, after one for padding. */
export const TABLE = [
  [0, 0],
  [0, 1],
  [1, 0],
  [0, 1],
];

/**
 * A text classifier of the words good, bad and fine: its output is the mean of their rows, brought to mean 0 and variance 1 and through a softmax
 * unless it is `raw`. It divides 0 by 0 where both labels are equally likely, as in a text of none of the words.
 */
export async function textFiles({ table = TABLE, raw = false, golden = {} } = {}): Promise<Files> {
  await tf.setBackend('cpu');
  const ids = layers.input({ shape: [null], dtype: 'int32', name: 'ids' });
  const weights = layers.input({ shape: [null], name: 'weights' });
  const embedding = layers.layers.embedding({ inputDim: table.length, outputDim: 2, name: 'table' });
  const sum = layers.layers
    .dot({ axes: [1, 1], name: 'sum' })
    .apply([weights, embedding.apply(ids) as layers.SymbolicTensor]);
  const normalised = layers.layers.layerNormalization({ epsilon: 0, name: 'normalised' });
  const softmax = layers.layers.softmax({ name: 'probabilities' });
  const output = raw ? sum : softmax.apply(normalised.apply(sum));
  const model = layers.model({ inputs: [ids, weights], outputs: output as layers.SymbolicTensor });
  embedding.setWeights([tf.tensor2d(table)]);
  const probabilities = raw ? { bad: 0, good: 1 } : { bad: 0.1192, good: 0.8808 };
  return withManifest(await layersFiles(model), { probabilities, ...golden });
}

/** A text classifier that gives one row, however many texts it gets. */
export function oneRowFiles(): Files {
  const name = 'probabilities';
  const output = { name, op: 'Const', attr: { dtype: { type: 'DT_FLOAT' } } };
  const nodes = [placeholder('ids', [-1, -1], 'DT_INT32'), placeholder('weights', [-1, -1]), output];
  const row = { name, dtype: 'float32' as const, shape: [1, 2], values: [0.25, 0.75] };
  const files = graphFiles(nodes, { outputs: { [name]: tensorInfo(name, [-1, 2]) } }, [row]);
  return withManifest(files, { probabilities: { bad: 0.25, good: 0.75 } });
}

function withManifest(model: Files, golden: object): Files {
  const files = { ...model, 'vocabulary.tsv': 'w:good\t1\nw:bad\t1\nw:fine\t1\n' };
  const manifest = {
    task: 'text-classification',
    labels: ['bad', 'good'],
    features: {
      kind: 'ngram-tfidf',
      vocabulary: 'vocabulary.tsv',
      documents: 2,
      words: { min: 1, max: 1 },
      characters: null,
    },
    golden: { text: 'good', tolerance: 0.01, ...golden },
  };
  return { ...files, 'falcon.json': manifestOf(files, manifest) };
}
