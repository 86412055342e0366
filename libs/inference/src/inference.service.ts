import type { OnApplicationShutdown } from '@nestjs/common';
import type { LogWriter } from '@app/resilience';
import { InferenceStoppedError, ModelTaskError } from './inference.errors.js';
import type { CallOptions, InferenceOptions } from './inference.options.js';
import type { InferenceObserver } from './inference-observer.js';
import type { TextClassificationManifest } from './models/manifest.js';
import type { ModelStatus } from './models/model-status.js';
import { checkInputs } from './models/signature.js';
import { ModelHost, type HostStats, type WorkersHealth } from './serving/model-host.js';
import { PendingItem } from './serving/pending-item.js';
import type { NamedTensors } from './tensors.js';
import type { TextClassification } from './text-classification.js';

/** Which model is asked; no name: the default model, no version: the one that serves. */
export interface ModelChoice {
  model?: string | undefined;
  version?: string | undefined;
}

const UNOBSERVED: InferenceObserver = { onBatch: () => undefined, onWorkerLost: () => undefined };

/** Models in, predictions out. */
export class InferenceService implements OnApplicationShutdown {
  private readonly host: ModelHost;
  private loaded: Promise<void> | undefined;

  constructor(
    private readonly options: InferenceOptions,
    log: LogWriter,
    observer: InferenceObserver = UNOBSERVED,
  ) {
    this.host = new ModelHost(options, log, observer);
  }

  /** Starts the workers and loads every version found, without waiting; calling it again changes nothing. */
  start(): void {
    this.loaded ??= this.host.start();
    this.loaded.catch(() => undefined); // whoever waits in whenLoaded() gets it
  }

  /**
   * Resolves when every version found is either ready or refused.
   * @throws {Error} a sentence, when the model directory cannot be read or the backend cannot start.
   */
  async whenLoaded(): Promise<void> {
    this.start();
    await this.loaded;
  }

  /** Whether the default model is loaded and warm in a live worker, of the task it is to be of, and the service is not stopping. */
  isReady(): boolean {
    return this.whyNotReady() === undefined;
  }

  /** Why the default model cannot serve at present, a sentence; undefined when it can. */
  whyNotReady(): string | undefined {
    return this.host.whyNotReady(this.options.defaultModel);
  }

  /** Every version found, by name and version number. */
  models(): ModelStatus[] {
    return this.host.registry.status();
  }

  /** What gauges read at a scrape. */
  stats(): HostStats {
    return this.host.stats();
  }

  /** Whether the workers do what they are there for. */
  health(): WorkersHealth {
    return this.host.health();
  }

  /**
   * Classifies one text; identical texts at the same time share batches, not results.
   * @throws {InferenceError} every failure is one of inference.errors.ts.
   */
  async classify(text: string, choice: ModelChoice = {}, call: CallOptions = {}): Promise<TextClassification> {
    const chosen = this.host.registry.resolve(choice.model ?? this.options.defaultModel, choice.version);
    if (chosen.manifest?.task !== 'text-classification') throw new ModelTaskError(chosen.name, 'tensor');
    const item = new PendingItem({ text }, call);
    this.host.submit(chosen.key, item);
    const { output, computeMs } = await item.answer;
    const probabilities = 'probabilities' in output ? output.probabilities : new Float32Array();
    const { prediction, confidence } = decide(chosen.manifest, probabilities);
    return {
      model: chosen.name,
      version: chosen.version,
      prediction,
      confidence,
      labels: chosen.manifest.labels,
      probabilities,
      inferenceTimeMs: Math.round(computeMs * 1000) / 1000,
    };
  }

  /**
   * Which version a choice means.
   * @throws {ModelNotFoundError} or {ModelVersionNotFoundError}.
   */
  find(choice: ModelChoice = {}): { model: string; version: string } {
    const { name, version } = this.host.registry.find(choice.model ?? this.options.defaultModel, choice.version);
    return { model: name, version };
  }

  /**
   * What a model's falcon.json declares for when the model cannot answer; undefined when it declares nothing.
   * @param ask asks the model that is declared, if one is
   * @throws {InferenceError} when there is no such model, or what `ask` throws
   */
  async fallback(
    choice: ModelChoice,
    ask: (declared: { model: string; version: string }) => Promise<TextClassification>,
  ): Promise<TextClassification | undefined> {
    const { name, version, manifest } = this.host.registry.find(
      choice.model ?? this.options.defaultModel,
      choice.version,
    );
    if (manifest?.task !== 'text-classification' || !manifest.fallback) return undefined;
    if ('model' in manifest.fallback) return ask(this.find(manifest.fallback));
    const { labels, fallback } = manifest;
    const probabilities = Float32Array.from(labels, (label) => fallback.probabilities[label] ?? 0);
    return { model: name, version, ...decide(manifest, probabilities), labels, probabilities, inferenceTimeMs: 0 };
  }

  /**
   * Runs a tensor model on inputs whose first dimension is the batch.
   * @throws {InferenceError} every failure is one of inference.errors.ts.
   */
  async predict(inputs: NamedTensors, choice: ModelChoice = {}, call: CallOptions = {}): Promise<NamedTensors> {
    const { key, name, manifest, state } = this.host.registry.resolve(
      choice.model ?? this.options.defaultModel,
      choice.version,
    );
    if (manifest?.task === 'text-classification') throw new ModelTaskError(name, manifest.task);
    checkInputs(state.model.signature, inputs, state.model.maxInputBytes);
    const item = new PendingItem({ tensors: inputs }, call);
    this.host.submit(key, item);
    const { output } = await item.answer;
    return 'tensors' in output ? output.tensors : {};
  }

  /** Takes no new work, answers what was admitted within `graceMs`, ends the workers. */
  async stop(graceMs = this.options.inferenceTimeoutMs): Promise<void> {
    await this.host.stop(graceMs, new InferenceStoppedError());
  }

  async onApplicationShutdown(): Promise<void> {
    await this.stop();
  }
}

function decide(manifest: TextClassificationManifest, probabilities: Float32Array) {
  let best = 0;
  for (let k = 1; k < probabilities.length; k++) if ((probabilities[k] ?? 0) > (probabilities[best] ?? 0)) best = k;
  const highest = probabilities[best] ?? 0;
  const { outOfScope, labels } = manifest;
  return outOfScope && highest < outOfScope.threshold
    ? { prediction: outOfScope.label, confidence: 1 - highest }
    : { prediction: labels[best] ?? '', confidence: highest };
}
