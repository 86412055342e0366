import * as tf from '@tensorflow/tfjs-core';
import { type GraphModel, loadGraphModel } from '@tensorflow/tfjs-converter';
import { type LayersModel, loadLayersModel } from '@tensorflow/tfjs-layers';
import type { Signature, TensorDtype, TensorSpec } from '../models/manifest.js';
import type { NamedTensors } from '../tensors.js';
import type { ModelFiles } from './model-files.js';

/** A loaded TensorFlow.js model of either kind: named tensors in, named tensors out, nothing left behind. */
export class TensorModel {
  /** Graph models with control flow answer only asynchronously; found out by the first run. */
  private isAsync = false;

  private constructor(
    private readonly model: GraphModel | LayersModel,
    readonly signature: Signature,
  ) {}

  /** @throws {Error} TensorFlow.js's own, when the topology or a weight does not fit. */
  static async load(files: ModelFiles): Promise<TensorModel> {
    const handler = { load: async () => files.artifacts };
    if (files.kind === 'layers') {
      const model = await loadLayersModel(handler);
      return new TensorModel(model, layersSignature(model));
    }
    const model = await loadGraphModel(handler);
    return new TensorModel(model, graphSignature(model, files.artifacts.signature));
  }

  /** Runs inputs that fit the signature. @throws whatever the model throws on them; no tensor is left alive then either. */
  async run(inputs: NamedTensors): Promise<NamedTensors> {
    tf.engine().startScope();
    try {
      const outputs = await this.execute(this.toTensors(inputs));
      return Object.fromEntries(this.signature.outputs.map((spec, k) => [spec.name, valueOf(outputs[k], spec)]));
    } finally {
      tf.engine().endScope();
    }
  }

  dispose(): void {
    this.model.dispose();
  }

  private toTensors(inputs: NamedTensors): Record<string, tf.Tensor> {
    return Object.fromEntries(
      this.signature.inputs.map(({ name }) => {
        const value = inputs[name];
        if (!value) throw new Error(`input "${name}" is missing`);
        return [name, tf.tensor(value.data, value.shape, value.dtype)];
      }),
    );
  }

  private async execute(inputs: Record<string, tf.Tensor>): Promise<tf.Tensor[]> {
    if ('predictOnBatch' in this.model) {
      const ordered = this.signature.inputs.map(({ name }) => inputs[name] as tf.Tensor);
      return asList(this.model.predictOnBatch(ordered.length === 1 ? (ordered[0] as tf.Tensor) : ordered));
    }
    const names = this.signature.outputs.map(({ name }) => name);
    if (!this.isAsync) {
      try {
        return asList(this.model.execute(inputs, names));
      } catch (error) {
        if (!(error instanceof Error && error.message.includes('executeAsync'))) throw error;
        this.isAsync = true;
      }
    }
    return asList(await this.model.executeAsync(inputs, names));
  }
}

function asList(outputs: tf.Tensor | tf.Tensor[]): tf.Tensor[] {
  return Array.isArray(outputs) ? outputs : [outputs];
}

function valueOf(tensor: tf.Tensor | undefined, spec: TensorSpec): NamedTensors[string] {
  if (!tensor) throw new Error(`the model gave no output "${spec.name}"`);
  const data = tensor.dataSync<'float32' | 'int32' | 'bool'>();
  // The buffer is transferred to another thread. On wasm it is a copy out of the heap; elsewhere it may be that of a weight.
  return { dtype: spec.dtype, shape: tensor.shape, data: tf.getBackend() === 'wasm' ? data : data.slice() };
}

function layersSignature(model: LayersModel): Signature {
  const specs = (tensors: { dtype: string; shape: (number | null)[] }[], names: string[]): TensorSpec[] =>
    tensors.map((tensor, k) => ({
      name: names[k] ?? `${k}`,
      dtype: supportedDtype(tensor.dtype, names[k]),
      shape: [...tensor.shape],
    }));
  return { inputs: specs(model.inputs, model.inputNames), outputs: specs(model.outputs, model.outputNames) };
}

/** The part of a converted SavedModel's signature that is read here. */
interface SignatureDef {
  outputs?: Record<
    string,
    { name?: string; tensorShape?: { dim?: { size: string | number }[]; unknownRank?: boolean } }
  >;
}

/** TensorFlow.js knows the inputs' shapes of a graph, but of the outputs only what the converter's signature says. */
function graphSignature(model: GraphModel, declared: SignatureDef | undefined): Signature {
  const shapes = new Map(
    Object.values(declared?.outputs ?? {}).map(({ name, tensorShape }) => [
      name?.replace(/:\d+$/, ''),
      tensorShape?.dim?.map(({ size }) => Number(size)),
    ]),
  );
  const specs = (infos: tf.ModelTensorInfo[]): TensorSpec[] =>
    infos.map(({ name, dtype, shape }) => ({
      name,
      // A graph does not know the type of an unknown operation's output; running it names the operation.
      dtype: supportedDtype(dtype ?? 'float32', name),
      shape: (shape ?? shapes.get(name) ?? []).map((size) => (size < 0 ? null : size)),
    }));
  return { inputs: specs(model.inputs), outputs: specs(model.outputs) };
}

function supportedDtype(dtype: string, name = 'unnamed'): TensorDtype {
  if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool') return dtype;
  throw new Error(`"${name}" is of type ${dtype}; only float32, int32 and bool tensors can be served`);
}
