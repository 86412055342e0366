/** A computed batch. */
export interface BatchReport {
  /** `name/version` of the model. */
  key: string;
  items: number;
  /** Time of the computation itself, in ms. */
  computeMs: number;
  /** What an item adds to the time of this model's batches, in ms; 0 while that is not known. */
  msPerItem: number;
}

/** A batch that a worker had begun with and that has left it, however that ended, as whoever traces requests sees it. */
export interface TracedBatch {
  /** `name/version` of the model. */
  key: string;
  items: number;
  /** When the worker began with it, and when its answer came, as `performance.now()`. */
  startMs: number;
  endMs: number;
  error?: Error | undefined;
  /** Those of its items that came with a span. */
  traced: readonly { span: object; queuedMs: number }[];
}

/** Is told what metrics count. */
export interface InferenceObserver {
  onBatch(report: BatchReport): void;
  /** Only called for batches with an item that is traced. */
  onTracedBatch?(batch: TracedBatch): void;
  /** A worker ended without being asked to. */
  onWorkerLost(reason: string): void;
}
