// What one writes by hand in an hour: Fastify, and a stock TensorFlow.js predict for each request on the main thread.
// Same model and same text features as Falcon; no batching, no workers, no own kernel.
// Usage: naive-fastify.js <model folder> [wasm|cpu]
import { type Manifest, manifestSchema, TextFeatures } from '@app/inference';
import { type io, ready, setBackend, type Tensor, tensor2d } from '@tensorflow/tfjs-core';
import { type LayersModel, loadLayersModel } from '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import fastify from 'fastify';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { inferSchema } from './infer-schema.js';
import { reportPort } from './listen.js';

class NaiveClassifier {
  private constructor(
    private readonly model: LayersModel,
    private readonly features: TextFeatures,
    private readonly labels: readonly string[],
  ) {}

  static async load(folder: string, backend: string): Promise<NaiveClassifier> {
    await setBackend(backend);
    await ready();
    const manifest: Manifest = manifestSchema.parse(JSON.parse(readFileSync(join(folder, 'falcon.json'), 'utf8')));
    if (manifest.task !== 'text-classification') throw new Error(`${folder} is not a text classifier`);
    const vocabulary = readFileSync(join(folder, manifest.features.vocabulary), 'utf8');
    const model = await loadLayersModel({ load: async () => readArtifacts(folder) });
    return new NaiveClassifier(model, TextFeatures.parse(manifest.features, vocabulary), manifest.labels);
  }

  async classify(text: string) {
    const { ids, weights, length } = this.features.extractBatch([text]);
    const inputs: Record<string, Tensor> = {
      ids: tensor2d(ids, [1, length], 'int32'),
      weights: tensor2d(weights, [1, length]),
    };
    const output = this.model.predict(this.model.inputNames.map((name) => inputs[name]!)) as Tensor;
    const probabilities = await output.data();
    for (const tensor of [...Object.values(inputs), output]) tensor.dispose();
    const best = probabilities.indexOf(Math.max(...probabilities));
    return {
      prediction: this.labels[best],
      confidence: probabilities[best],
      probabilities: Object.fromEntries(this.labels.map((label, index) => [label, probabilities[index]])),
    };
  }
}

function readArtifacts(folder: string): io.ModelArtifacts {
  const json = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8')) as io.ModelJSON;
  const files = json.weightsManifest.flatMap((group) => group.paths).map((path) => readFileSync(join(folder, path)));
  return {
    modelTopology: json.modelTopology,
    weightSpecs: json.weightsManifest.flatMap((group) => group.weights),
    weightData: new Uint8Array(Buffer.concat(files)).buffer,
  };
}

async function main(folder: string, backend: string): Promise<void> {
  const classifier = await NaiveClassifier.load(folder, backend);
  const app = fastify({ logger: false });
  app.post<{ Body: { text: string } }>('/infer', { schema: inferSchema }, ({ body }) => classifier.classify(body.text));
  await app.listen({ port: 0, host: '127.0.0.1' });
  reportPort((app.server.address() as AddressInfo).port);
}

void main(process.argv[2] ?? 'models/sentiment/1', process.argv[3] ?? 'wasm');
