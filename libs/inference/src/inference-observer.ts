/** A computed batch. */
export interface BatchReport {
  /** `name/version` of the model. */
  key: string;
  items: number;
  /** Time of the computation itself, in ms. */
  computeMs: number;
}

/** Is told what metrics count. */
export interface InferenceObserver {
  onBatch(report: BatchReport): void;
  /** A worker ended without being asked to. */
  onWorkerLost(reason: string): void;
}
