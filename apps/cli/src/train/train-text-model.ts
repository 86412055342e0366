import { formatVocabulary, TextFeatures, type TextFeatureSettings, Vocabulary } from '@app/inference';
import { type Decider, judge } from '../evaluate/judge-rows.js';
import { computeFigures, type Figures } from '../evaluate/metrics.js';
import type { LabelledRow } from '../rows/labelled-rows.js';
import { chooseThreshold, fitTemperature } from './calibrate.js';
import { type Member, mergeNetworks } from './merge-networks.js';
import { type TrainingProgress, trainNetwork } from './network-trainer.js';
import type { Recipe } from './recipe.js';
import { TextModel } from './text-model.js';
import { buildTrainingSet, chooseVocabulary, classesOf, labelsOf } from './training-set.js';

/** Rows to learn from, and rows to set temperature and threshold with. */
export interface TrainingRows {
  train: readonly LabelledRow[];
  dev: readonly LabelledRow[];
}

/** How a run is steered and watched. */
export interface TrainingWatch {
  signal?: AbortSignal | undefined;
  /** Called before the first step with the number of texts that all epochs of all members will see. */
  onStart?: (texts: number) => void;
  onProgress?: (progress: TrainingProgress) => void;
}

/** A trained text classifier, not yet written. */
export interface TrainedTextModel {
  decider: Decider;
  settings: TextFeatureSettings;
  /** Content of the vocabulary file. */
  vocabulary: string;
  features: TextFeatures;
  model: TextModel;
  /** What logits were divided by; it is in the weights already. */
  temperature: number;
}

const VOCABULARY_FILE = 'vocabulary.tsv';

/**
 * Learns a text classifier: vocabulary, members, quantisation, then temperature and threshold on the dev rows.
 * @throws the signal's reason, when it is aborted.
 */
export async function trainTextModel(
  rows: TrainingRows,
  recipe: Recipe,
  watch: TrainingWatch,
): Promise<TrainedTextModel> {
  const labels = labelsOf(rows.train, recipe.outOfScope?.label);
  const dev = rows.dev.filter(({ label }) => labels.includes(label));
  if (dev.length === 0) throw new Error('no dev row has a label of the training rows: nothing could be calibrated');
  const inScope = rows.train.filter(({ label }) => label !== recipe.outOfScope?.label);
  const entries = chooseVocabulary(
    inScope.map(({ text }) => text),
    recipe,
  );
  const settings: TextFeatureSettings = {
    kind: 'ngram-tfidf',
    vocabulary: VOCABULARY_FILE,
    documents: inScope.length,
    ...recipe.features,
  };
  const features = new TextFeatures(settings, Vocabulary.of(entries));
  const members = await trainMembers(rows.train, { labels, features, recipe }, watch);
  const raw = TextModel.of(mergeNetworks(members), recipe.quantisation);
  const devFeatures = dev.map(({ text }) => features.extract(text));
  const devClasses = classesOf(dev, labels);
  const temperature = fitTemperature(
    devFeatures.map((vector) => raw.logits(vector)),
    devClasses,
  );
  const model = raw.cooled(temperature);
  const trained = { settings, vocabulary: formatVocabulary(entries), features, model, temperature };
  return { ...trained, decider: { labels, outOfScope: outOfScopeRule(dev, { labels }, trained, recipe) } };
}

/** How good a trained model is on rows. */
export function judgeTextModel({ features, model, decider }: TrainedTextModel, rows: readonly LabelledRow[]): Figures {
  const judged = rows.map((row) => judge(row, model.probabilities(features.extract(row.text)), decider));
  return computeFigures(judged, decider.labels, decider.outOfScope?.label);
}

async function trainMembers(
  rows: readonly LabelledRow[],
  { labels, features, recipe }: { labels: readonly string[]; features: TextFeatures; recipe: Recipe },
  { signal, onStart, onProgress }: TrainingWatch,
): Promise<Member[]> {
  const set = buildTrainingSet(rows, labels, features, recipe);
  onStart?.(set.classes.length * recipe.members.reduce((sum, { epochs }) => sum + epochs, 0));
  const members: Member[] = [];
  let before = 0;
  for (const [index, settings] of recipe.members.entries()) {
    const offset = before;
    const network = await trainNetwork(set, settings, {
      seed: recipe.seed + index,
      signal,
      onProgress: ({ seen, loss }) => onProgress?.({ seen: offset + seen, loss }),
    });
    members.push({ network, share: settings.share });
    before += settings.epochs * set.classes.length;
  }
  return members;
}

function outOfScopeRule(
  dev: readonly LabelledRow[],
  decider: Decider,
  { features, model }: Pick<TrainedTextModel, 'features' | 'model'>,
  recipe: Recipe,
): Decider['outOfScope'] {
  if (!recipe.outOfScope) return undefined;
  const { servedAs, maxAccuracyLoss } = recipe.outOfScope;
  const right = dev
    .map((row) => judge(row, model.probabilities(features.extract(row.text)), decider))
    .filter(({ expected, likeliest }) => expected === likeliest)
    .map(({ confidence }) => confidence);
  return { label: servedAs, threshold: chooseThreshold(right, dev.length, maxAccuracyLoss) };
}
