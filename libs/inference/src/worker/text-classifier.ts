import { messageOf } from '../message-of.js';
import type { TextClassificationManifest } from '../models/manifest.js';
import { TextFeatures } from '../text/text-features.js';
import type { TensorModel } from './tensor-model.js';
import { isPoisonous } from './wasm-heap.js';

/** Bytes of one feature of one text: id and weight take 4 each. */
export const BYTES_PER_FEATURE = 8;

/** How far beyond 0 and 1 rounding may take the probabilities of a model. */
const ROUNDING = 1e-5;

/** A tensor model with text features in front: texts in, one row of probabilities per text out. */
export class TextClassifier {
  private readonly features: TextFeatures;
  private readonly classes: number;
  private readonly output: string;

  /** @throws {Error} a sentence, when model, labels and features do not belong together. */
  constructor(
    private readonly model: TensorModel,
    manifest: TextClassificationManifest,
    vocabulary: string,
  ) {
    this.features = TextFeatures.parse(manifest.features, vocabulary);
    this.classes = manifest.labels.length;
    this.output = checkOutput(model, this.classes);
    checkInputs(model);
  }

  /**
   * Classifies texts in as few runs as `maxInputBytes` of padded features per run allows.
   * @returns probabilities, row-major: `texts.length` rows of one number per label.
   */
  async classify(texts: readonly string[], maxInputBytes: number): Promise<Float32Array> {
    const batch = this.features.extractBatch(texts);
    const rowsPerRun = Math.max(1, Math.floor(maxInputBytes / (batch.length * BYTES_PER_FEATURE)));
    if (texts.length <= rowsPerRun) return this.run(batch, texts.length);
    const all = new Float32Array(texts.length * this.classes);
    for (let from = 0; from < texts.length; from += rowsPerRun) {
      const part = texts.slice(from, from + rowsPerRun);
      all.set(await this.run(this.features.extractBatch(part), part.length), from * this.classes);
    }
    return all;
  }

  /**
   * Asks for the row of the last n-gram: a model with fewer rows than the vocabulary has n-grams would fail on some texts only.
   * @param text one that the model can answer; the last n-gram takes the place of its first
   * @throws {Error} a sentence, when there is none.
   */
  async checkRows(text: string): Promise<void> {
    const { size } = this.features;
    const batch = this.features.extractBatch([text]);
    batch.ids[0] = size;
    try {
      await this.run(batch, 1);
    } catch (error) {
      if (isPoisonous(error)) throw error;
      const sentence = `the model fails on the last of the ${size} n-grams of its vocabulary: ${messageOf(error)}`;
      throw new Error(sentence, { cause: error });
    }
  }

  /** Bytes of the features of one text. */
  featureBytes(text: string): number {
    return this.features.extractBatch([text]).length * BYTES_PER_FEATURE;
  }

  private async run(batch: ReturnType<TextFeatures['extractBatch']>, rows: number): Promise<Float32Array> {
    const shape = [rows, batch.length];
    const outputs = await this.model.run({
      ids: { dtype: 'int32', shape, data: batch.ids },
      weights: { dtype: 'float32', shape, data: batch.weights },
    });
    const probabilities = outputs[this.output]?.data as Float32Array;
    if (probabilities.length !== rows * this.classes) {
      throw new Error(
        `the model gave ${probabilities.length} probabilities for ${rows} texts and ${this.classes} labels`,
      );
    }
    checkProbabilities(probabilities);
    return probabilities;
  }
}

/** Every answer comes by here, so it is one pass that compares; what rounding took beyond the bounds is brought back. */
function checkProbabilities(probabilities: Float32Array): void {
  for (let k = 0; k < probabilities.length; k++) {
    const probability = probabilities[k] as number;
    if (probability >= 0 && probability <= 1) continue;
    const bound = probability < 0 ? 0 : 1;
    if (!(Math.abs(probability - bound) <= ROUNDING)) throw new Error(`the model gave ${probability} as a probability`);
    probabilities[k] = bound;
  }
}

function checkInputs(model: TensorModel): void {
  const given = model.signature.inputs.map(({ name, dtype, shape }) => `${name}: ${dtype}[${shape.length}]`).sort();
  const wanted = ['ids: int32[2]', 'weights: float32[2]'];
  if (given.join() !== wanted.join()) {
    throw new Error(`a text classifier takes the inputs ${wanted.join(', ')}; this model takes ${given.join(', ')}`);
  }
}

function checkOutput(model: TensorModel, classes: number): string {
  const [output, ...others] = model.signature.outputs;
  if (!output || others.length > 0 || output.shape.length !== 2 || output.shape[1] !== classes) {
    throw new Error(`a text classifier has one output of shape [batch, ${classes}], one column per label`);
  }
  return output.name;
}
