import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { BatchReport, InferenceObserver } from './inference-observer.js';
import type { InferenceService } from './inference.service.js';

const BATCH_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 100];
const COMPUTE_BUCKETS = [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5];

/** Counts what the service reports, and reads its gauges from it at each scrape. */
export class InferenceMetrics implements InferenceObserver {
  private readonly batchSize: Histogram<'model'>;
  private readonly anyBatchSize: Histogram.Internal<'worker_id'>;
  private readonly computeSeconds: Histogram<'model'>;
  private readonly restarts: Counter;

  constructor(
    private readonly registry: Registry,
    private readonly workerId: string,
  ) {
    const registers = [registry];
    this.batchSize = new Histogram({
      name: 'inference_batch_size',
      help: 'Items computed together',
      labelNames: ['model'],
      buckets: BATCH_BUCKETS,
      registers,
    });
    this.anyBatchSize = new Histogram({
      name: 'model_inference_batch_size',
      help: 'Items computed together, over all models',
      labelNames: ['worker_id'],
      buckets: BATCH_BUCKETS,
      registers,
    }).labels({ worker_id: workerId });
    this.computeSeconds = new Histogram({
      name: 'inference_compute_seconds',
      help: 'Time that a worker took to compute one batch',
      labelNames: ['model'],
      buckets: COMPUTE_BUCKETS,
      registers,
    });
    this.restarts = new Counter({
      name: 'inference_worker_restarts_total',
      help: 'Inference workers that were lost and replaced',
      registers,
    });
  }

  onBatch({ key, items, computeMs }: BatchReport): void {
    const model = key.slice(0, key.indexOf('/'));
    this.batchSize.observe({ model }, items);
    this.anyBatchSize.observe(items);
    this.computeSeconds.observe({ model }, computeMs / 1000);
  }

  onWorkerLost(): void {
    this.restarts.inc();
  }

  /** Registers the gauges that show a service's state. */
  watch(service: InferenceService): void {
    this.gauge('inference_queue_depth', 'Items that wait for a worker', ['model'], (gauge) => {
      for (const { model, waiting } of service.stats().queues) gauge.set({ model }, waiting);
    });
    this.gauge('inference_workers', 'Live inference workers', ['backend'], (gauge) => {
      for (const { backend, live } of service.stats().workers) gauge.set({ backend }, live);
    });
    this.gauge('inference_tensors', 'Tensors alive in the workers', ['backend'], (gauge) => {
      for (const { backend, liveTensors } of service.stats().workers) gauge.set({ backend }, liveTensors);
    });
    this.gauge('inference_heap_bytes', 'Bytes of the wasm heaps of the workers', ['backend'], (gauge) => {
      for (const { backend, heapBytes } of service.stats().workers) gauge.set({ backend }, heapBytes);
    });
    this.watchModels(service);
  }

  private watchModels(service: InferenceService): void {
    const loadHelp = 'Time to read, check, load and warm the slowest model version';
    this.gauge('model_load_duration_seconds', loadHelp, ['worker_id'], (gauge) => {
      const seconds = service.models().map(({ loadSeconds }) => loadSeconds ?? 0);
      gauge.set({ worker_id: this.workerId }, Math.max(0, ...seconds));
    });
    const infoHelp = '1 for each model version found, with its state and backend';
    this.gauge('model_info', infoHelp, ['model', 'version', 'state', 'backend'], (gauge) => {
      gauge.reset();
      for (const { name, version, state, backend } of service.models()) {
        gauge.set({ model: name, version, state, backend: backend ?? '' }, 1);
      }
    });
  }

  private gauge<L extends string>(name: string, help: string, labelNames: L[], read: (gauge: Gauge<L>) => void): void {
    const gauge: Gauge<L> = new Gauge<L>({
      name,
      help,
      labelNames,
      registers: [this.registry],
      collect: (): void => read(gauge),
    });
  }
}
