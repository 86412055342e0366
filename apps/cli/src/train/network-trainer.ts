import { setImmediate } from 'node:timers/promises';
import type { FeatureVector } from '@app/inference';
import { Adagrad } from './adagrad.js';
import { Gradient } from './gradient.js';
import { Random } from './random.js';
import type { MemberSettings } from './recipe.js';
import { SparseNetwork } from './sparse-network.js';

/** What is learnt from. */
export interface TrainingSet {
  features: readonly FeatureVector[];
  /** Index of the class of each text; -1: of none, all classes are equally wrong. */
  classes: Int32Array;
  /** What an error on a text of each class counts. */
  classWeights: Float64Array;
  /** Rows of the embedding table, padding included. */
  rows: number;
}

/** Where training is. */
export interface TrainingProgress {
  /** Texts seen so far, of all epochs. */
  seen: number;
  /** Mean cross-entropy since the last report. */
  loss: number;
}

/** How a training run is steered and watched. */
export interface TrainingRun {
  seed: number;
  signal?: AbortSignal | undefined;
  onProgress?: (progress: TrainingProgress) => void;
}

/** Steps between two looks at the signal. */
const STEPS_PER_TURN = 64;

/**
 * Trains one network; the same set, settings and seed give the same bits.
 * @throws the signal's reason, when it is aborted.
 */
export async function trainNetwork(
  set: TrainingSet,
  settings: MemberSettings,
  run: TrainingRun,
): Promise<SparseNetwork> {
  const random = new Random(run.seed);
  const network = new SparseNetwork({
    rows: set.rows,
    classes: set.classWeights.length,
    hiddenUnits: settings.hiddenUnits,
  });
  network.initialise(random, settings.initialScale);
  const trainer = new NetworkTrainer(set, settings, network, random);
  const steps = settings.epochs * trainer.stepsPerEpoch;
  const report = { loss: 0, texts: 0 };
  for (let step = 0; step < steps; step++) {
    if (step % trainer.stepsPerEpoch === 0) trainer.shuffle();
    report.loss += trainer.step(step % trainer.stepsPerEpoch, settings.learningRate * (1 - step / steps));
    if (step % STEPS_PER_TURN !== STEPS_PER_TURN - 1 && step !== steps - 1) continue;
    const loss = report.loss / (trainer.seen - report.texts);
    Object.assign(report, { loss: 0, texts: trainer.seen });
    run.onProgress?.({ seen: trainer.seen, loss });
    await setImmediate();
    run.signal?.throwIfAborted();
  }
  return network;
}

class NetworkTrainer {
  readonly stepsPerEpoch: number;
  /** Texts seen so far. */
  seen = 0;

  private readonly gradient: Gradient;
  private readonly optimiser: Adagrad;
  private readonly order: Int32Array;
  private readonly targets: Float64Array[];
  private readonly noTarget: Float64Array;
  private readonly unitFactors: Float64Array;

  constructor(
    private readonly set: TrainingSet,
    private readonly settings: MemberSettings,
    network: SparseNetwork,
    private readonly random: Random,
  ) {
    const classes = set.classWeights.length;
    this.stepsPerEpoch = Math.ceil(set.classes.length / settings.batchSize);
    this.gradient = new Gradient(network);
    this.optimiser = new Adagrad(network, settings.weightDecay);
    this.order = Int32Array.from(set.classes, (_, text) => text);
    const spread = settings.labelSmoothing / classes;
    this.targets = Array.from({ length: classes }, (_, wanted) =>
      new Float64Array(classes).fill(spread).fill(1 - settings.labelSmoothing + spread, wanted, wanted + 1),
    );
    this.noTarget = new Float64Array(classes).fill(1 / classes);
    this.unitFactors = new Float64Array(settings.hiddenUnits);
  }

  shuffle(): void {
    this.random.shuffle(this.order);
  }

  /** Learns from one batch; returns the sum of its texts' losses. */
  step(batch: number, learningRate: number): number {
    const { set, gradient } = this;
    const texts = this.order.subarray(batch * this.settings.batchSize, (batch + 1) * this.settings.batchSize);
    let loss = 0;
    gradient.clear();
    for (const text of texts) {
      const wanted = set.classes[text]!;
      const importance = (set.classWeights[wanted] ?? 1) / texts.length;
      const target = this.targets[wanted] ?? this.noTarget;
      this.drawUnitFactors();
      loss += gradient.add(this.drop(set.features[text]!), target, importance, this.unitFactors);
    }
    this.optimiser.step(gradient, learningRate);
    this.seen += texts.length;
    return loss;
  }

  private drop(features: FeatureVector): FeatureVector {
    const share = this.settings.featureDropout;
    if (share === 0) return features;
    const kept = 1 / (1 - share);
    return {
      ids: features.ids,
      weights: features.weights.map((weight) => (this.random.next() < share ? 0 : weight * kept)),
    };
  }

  private drawUnitFactors(): void {
    const share = this.settings.unitDropout;
    for (let unit = 0; unit < this.unitFactors.length; unit++) {
      this.unitFactors[unit] = share > 0 && this.random.next() < share ? 0 : 1 / (1 - share);
    }
  }
}
