/** Where models are computed: `auto` is wasm, and cpu for a model that needs a kernel wasm lacks. */
export const INFERENCE_BACKENDS = ['auto', 'wasm', 'cpu', 'tensorflow'] as const;
export type InferenceBackend = (typeof INFERENCE_BACKENDS)[number];

/** What the inference library is told by its app. */
export interface InferenceOptions {
  /** Name of this replica, as metrics label it. */
  workerId: string;
  /** Folder that holds `<name>/<version>/model.json`. */
  modelDir: string;
  /** Loads only the model of this name; default: all. */
  only?: string;
  /** Model that answers when a request names none; readiness depends on it. */
  defaultModel: string;
  /** What the default model must be for the service to be ready; default: of any task. */
  defaultTask?: 'text-classification';
  backend: InferenceBackend;
  /** Worker threads per backend in use, 1 or more. */
  workers: number;
  /** Most items computed together, 1..1024. */
  batchSize: number;
  /** How long a first item waits for company although a worker is idle, in ms; 0 dispatches at once. */
  batchTimeoutMs: number;
  /** Most items that wait per model version; one more is refused with `InferenceQueueFullError`. */
  maxQueued: number;
  /** A batch unanswered for this long means that its worker hangs: it is replaced. */
  inferenceTimeoutMs: number;
  /** A version that takes longer to load, in one worker and in another, is refused. */
  loadTimeoutMs: number;
  /** Compiled entry of the workers; default: the one beside this library. Tests run from source give the built one. */
  workerEntry?: string;
}

/** How one call is bounded. */
export interface CallOptions {
  /** Aborted when nobody waits for the answer any more. */
  signal?: AbortSignal | undefined;
  /** `performance.now()` value after which the answer is worthless; default: none. */
  deadlineMs?: number | undefined;
  /** It is computed before what has come up to so many ms earlier without one; default 0. */
  headStartMs?: number | undefined;
  /** Called when a worker begins with it: its wait in the queue is over; once more if that worker is lost. */
  onBegun?: ((nowMs: number) => void) | undefined;
  /** What the observer is handed with the batch of this call; default: the call is not traced. */
  span?: object | undefined;
}
