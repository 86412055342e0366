import * as tf from '@tensorflow/tfjs-core';
import { isDeepStrictEqual } from 'node:util';
import type { Manifest, Signature } from '../models/manifest.js';
import { concatItems, splitItems } from '../tensor-batch.js';
import { ModelFolderReader, readModelFiles } from './model-files.js';
import type { BatchInput, Computed, LoadedModel, ModelSource, WorkerSettings } from './protocol.js';
import { TensorModel } from './tensor-model.js';
import { TextClassifier } from './text-classifier.js';
import { warmUp } from './warm-up.js';

/** A model version in a worker: loaded, checked against its manifest, warm. */
export class ServedModel {
  private constructor(
    private readonly model: TensorModel,
    private readonly classifier: TextClassifier | undefined,
    readonly facts: LoadedModel,
  ) {}

  /** @throws {Error} a sentence that says why this version cannot serve. */
  static async load({ folder, manifest }: ModelSource, settings: WorkerSettings): Promise<ServedModel> {
    const startedMs = performance.now();
    const reader = new ModelFolderReader(folder, manifest);
    const files = await readModelFiles(reader);
    const available = settings.maxWeightBytes - tf.memory().numBytes;
    if (files.weightBytes > available) {
      throw new Error(`its weights need ${files.weightBytes} bytes, the worker has room for ${Math.max(0, available)}`);
    }
    const model = await TensorModel.load(files);
    try {
      checkSignature(manifest?.signature, model.signature);
      const classifier = await createClassifier(model, manifest, reader);
      const maxInputBytes = await warmUp(model, classifier, manifest, settings);
      const loadSeconds = (performance.now() - startedMs) / 1000;
      const { signature } = model;
      const facts = {
        signature,
        batchable: isBatchable(signature),
        maxInputBytes,
        weightBytes: files.weightBytes,
        loadSeconds,
      };
      return new ServedModel(model, classifier, facts);
    } catch (error) {
      model.dispose();
      throw error;
    }
  }

  /** Computes one batch as a whole. @throws whatever the model throws on it. */
  async run(input: BatchInput): Promise<Computed> {
    if ('texts' in input) {
      if (!this.classifier) throw new Error('this model does not take texts');
      return { probabilities: await this.classifier.classify(input.texts, this.facts.maxInputBytes) };
    }
    const outputs = await this.model.run(concatItems(input.tensors));
    const sizes = input.tensors.map((item) => Object.values(item)[0]?.shape[0] ?? 1);
    return { tensors: splitItems(outputs, sizes) };
  }
}

async function createClassifier(
  model: TensorModel,
  manifest: Manifest | undefined,
  reader: ModelFolderReader,
): Promise<TextClassifier | undefined> {
  if (manifest?.task !== 'text-classification') return undefined;
  const vocabulary = await reader.read(manifest.features.vocabulary);
  return new TextClassifier(model, manifest, vocabulary.toString('utf8'));
}

function isBatchable({ inputs, outputs }: Signature): boolean {
  return [...inputs, ...outputs].every(({ shape }) => shape[0] === null);
}

function checkSignature(declared: Signature | undefined, actual: Signature): void {
  if (declared && !isDeepStrictEqual(declared, actual)) {
    throw new Error(
      `falcon.json declares the signature ${JSON.stringify(declared)}, the model has ${JSON.stringify(actual)}`,
    );
  }
}
