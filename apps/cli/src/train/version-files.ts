import { createHash } from 'node:crypto';
import type { Manifest } from '@app/inference';
import type { Figures } from '../evaluate/metrics.js';
import { toLayersModel, OUTPUT } from './layers-model.js';
import { writeModelCard } from './model-card.js';
import type { Provenance } from './provenance.js';
import type { TrainedTextModel } from './train-text-model.js';
import type { VersionFiles } from './version-folder.js';

const GOLDEN_TOLERANCE = 0.001;

/** All files of a model version: model, vocabulary, falcon.json and card. The same model gives the same bytes. */
export function toVersionFiles(trained: TrainedTextModel, provenance: Provenance): VersionFiles {
  const { json, weights } = toLayersModel(trained.model.branches);
  const files: VersionFiles = {
    'model.json': json,
    'weights.bin': weights,
    [trained.settings.vocabulary]: trained.vocabulary,
  };
  const manifest = toManifest(trained, provenance, files);
  return {
    ...files,
    'falcon.json': `${JSON.stringify(manifest, null, 2)}\n`,
    'card.md': writeModelCard(trained, provenance, files),
  };
}

function toManifest(trained: TrainedTextModel, provenance: Provenance, files: VersionFiles): Manifest {
  const { labels, outOfScope } = trained.decider;
  const { recipe, goldenText } = provenance;
  return {
    formatVersion: 1,
    task: 'text-classification',
    description: recipe.description,
    ...(recipe.licence !== undefined && { licence: recipe.licence }),
    labels: [...labels],
    features: trained.settings,
    ...(outOfScope && { outOfScope }),
    signature: {
      inputs: [
        { name: 'ids', dtype: 'int32', shape: [null, null] },
        { name: 'weights', dtype: 'float32', shape: [null, null] },
      ],
      outputs: [{ name: OUTPUT, dtype: 'float32', shape: [null, labels.length] }],
    },
    files: Object.fromEntries(Object.entries(files).map(([name, content]) => [name, describeFile(content)])),
    golden: { text: goldenText, probabilities: goldenProbabilities(trained, goldenText), tolerance: GOLDEN_TOLERANCE },
    training: describeTraining(trained, provenance),
  };
}

function describeFile(content: string | Buffer): { bytes: number; sha256: string } {
  return { bytes: Buffer.byteLength(content), sha256: createHash('sha256').update(content).digest('hex') };
}

function goldenProbabilities({ decider, features, model }: TrainedTextModel, text: string): Record<string, number> {
  const probabilities = model.probabilities(features.extract(text));
  return Object.fromEntries(decider.labels.map((label, c) => [label, rounded(probabilities[c]!, 6)]));
}

function describeTraining(trained: TrainedTextModel, provenance: Provenance): Record<string, unknown> {
  const { recipe, command, data, figures } = provenance;
  const { seed, vocabulary, classWeights, members, quantisation, outOfScope } = recipe;
  return {
    seed,
    command,
    dataSha256: Object.fromEntries(Object.entries(data).map(([role, { sha256 }]) => [role, sha256])),
    metrics: Object.fromEntries(Object.entries(figures).map(([role, one]) => [role, summarise(one)])),
    temperature: rounded(trained.temperature, 6),
    recipe: { vocabulary, classWeights, members, quantisation, ...(outOfScope && { outOfScope }) },
  };
}

function summarise({ rows, accuracy, macroRecall, macroF1, calibrationError, outOfScope }: Figures) {
  return {
    rows,
    accuracy: rounded(accuracy, 4),
    macroRecall: rounded(macroRecall, 4),
    macroF1: rounded(macroF1, 4),
    calibrationError: rounded(calibrationError, 4),
    ...(outOfScope && {
      outOfScopeRows: outOfScope.rows,
      outOfScopeRecall: rounded(outOfScope.recall, 4),
      accuracyWithoutThreshold: rounded(outOfScope.accuracyWithoutThreshold, 4),
    }),
  };
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
