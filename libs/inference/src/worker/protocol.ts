import type { Manifest, Signature } from '../models/manifest.js';
import type { NamedTensors } from '../tensors.js';

/** A backend as a worker starts it: one per worker, because TensorFlow.js's choice is global to its thread. */
export type BackendName = 'wasm' | 'cpu' | 'tensorflow';

/** What a worker is started with. */
export interface WorkerSettings {
  backend: BackendName;
  /** Most bytes that the weights of all models of one worker may take, decoded. */
  maxWeightBytes: number;
  /** Most bytes that one batch may need beyond the weights, as measured at warm-up. */
  maxBatchBytes: number;
  /** Most items of one batch. */
  batchSize: number;
}

/** Inputs of one batch: texts for a text classifier, else one set of named tensors per item. */
export type BatchInput = { texts: string[] } | { tensors: NamedTensors[] };

/** What a worker is asked to load. */
export interface ModelSource {
  folder: string;
  manifest: Manifest | undefined;
}

/** Serving thread to worker. */
export type ToWorker = ({ type: 'load'; key: string } & ModelSource) | { type: 'run'; key: string; input: BatchInput };

/** What a worker found out about a model that it loaded. */
export interface LoadedModel {
  signature: Signature;
  /** Items may be computed together: the first dimension of every input and output is free. */
  batchable: boolean;
  /** Bytes of input of one batch that fit into `maxBatchBytes` of working memory. */
  maxInputBytes: number;
  weightBytes: number;
  loadSeconds: number;
}

/** Answers of a batch: a row of probabilities per text, all in one array because that travels cheapest, or tensors per item. */
export type Computed = { probabilities: Float32Array } | { tensors: NamedTensors[] };

/** A computed batch. */
export interface BatchOutput {
  computed: Computed;
  /** Why the model failed on an item, by its place in the batch; what `computed` has in that place means nothing. */
  failures: Map<number, string>;
  /** Time of the computation itself, in ms. */
  computeMs: number;
}

/** What a worker holds after a load or a batch. */
export interface WorkerMemory {
  /** Constant between loads unless something leaks. */
  liveTensors: number;
  /** Size of the wasm heap, which never shrinks; 0 where there is none. */
  heapBytes: number;
}

/** How often a worker says that it is there, unless it computes. */
export const BEAT_MS = 1000;

/** Worker to serving thread. */
export type FromWorker =
  | { type: 'beat' }
  | { type: 'started' }
  | { type: 'loaded'; key: string; model: LoadedModel; memory: WorkerMemory }
  | { type: 'refused'; key: string; reason: string; missingKernel: boolean; memory: WorkerMemory }
  | { type: 'done'; output: BatchOutput; memory: WorkerMemory }
  /** The worker cannot be trusted any more (its heap or backend is broken) and wants to be replaced. */
  | { type: 'poisoned'; reason: string };
