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
    return allOrNothing(async () => {
      if (files.kind === 'layers') {
        const model = await loadLayersModel(handler);
        return new TensorModel(model, layersSignature(model));
      }
      const model = await loadGraphModel(handler);
      return new TensorModel(model, graphSignature(model));
    });
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
    // With the number of the output: a bare name might be a name of the converter's signature, too, and mean another node there.
    const names = this.signature.outputs.map(({ name }) => (name.includes(':') ? name : `${name}:0`));
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

/** Leaves nothing behind when a load fails: TensorFlow.js forgets the weights that it has made until then, and so they would stay. */
async function allOrNothing<Loaded>(load: () => Promise<Loaded>): Promise<Loaded> {
  const engine = tf.engine();
  const variables = new Set(Object.values(engine.registeredVariables));
  engine.startScope();
  try {
    const loaded = await load();
    for (const tensor of engine.state.activeScope.track) tf.keep(tensor);
    return loaded;
  } catch (error) {
    for (const variable of Object.values(engine.registeredVariables)) if (!variables.has(variable)) variable.dispose();
    throw error;
  } finally {
    engine.endScope();
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

/** What a converted SavedModel's signature says of an output. */
interface Declared {
  name?: string;
  dtype?: string;
  tensorShape?: { dim?: { size: string | number }[] };
}

function graphSignature(model: GraphModel): Signature {
  return { inputs: model.inputs.map((info) => graphSpec(info.name, info)), outputs: graphOutputs(model) };
}

/**
 * TensorFlow.js knows which nodes give the outputs of a graph. Which output of its node each one is, only the converter's
 * signature says; those after a node's first have their number behind the name, as in `split:1`.
 */
function graphOutputs(model: GraphModel): TensorSpec[] {
  const signature: { outputs?: Record<string, Declared> } | undefined = model.modelSignature;
  const declared = new Map(
    Object.values(signature?.outputs ?? {}).map((output) => [output.name?.replace(/:0$/, '') ?? '', output]),
  );
  const nodes = new Map(model.outputs.map((info) => [info.name, info]));
  const names = [...(declared.size > 0 ? declared.keys() : nodes.keys())];
  return names
    .filter((name) => nodes.has(name.replace(/:\d+$/, '')))
    .map((name) => graphSpec(name, nodes.get(name), declared.get(name)));
}

/** What the graph itself does not know of an output, its signature may; running an unknown operation names it. */
function graphSpec(name: string, info?: Partial<tf.ModelTensorInfo>, declared?: Declared): TensorSpec {
  const dtype = DTYPES[declared?.dtype ?? ''] ?? info?.dtype ?? 'float32'; // of a comparison the graph knows what is compared
  const shape = info?.shape ?? declared?.tensorShape?.dim?.map(({ size }) => Number(size)) ?? [];
  return { name, dtype: supportedDtype(dtype, name), shape: shape.map((size) => (size < 0 ? null : size)) };
}

/** TensorFlow's types that are not float32 in TensorFlow.js. */
const DTYPES: Record<string, string> = { DT_INT32: 'int32', DT_INT64: 'int32', DT_BOOL: 'bool', DT_STRING: 'string' };

function supportedDtype(dtype: string, name = 'unnamed'): TensorDtype {
  if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool') return dtype;
  throw new Error(`"${name}" is of type ${dtype}; only float32, int32 and bool tensors can be served`);
}
