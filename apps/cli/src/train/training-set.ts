import { NgramScanner, type TextFeatures, type VocabularyEntry } from '@app/inference';
import type { LabelledRow } from '../rows/labelled-rows.js';
import type { TrainingSet } from './network-trainer.js';
import type { Recipe } from './recipe.js';

/** Class of a row that belongs to no label. */
const NO_CLASS = -1;

/** The labels of the rows, sorted, without the one that stands for "none of them". */
export function labelsOf(rows: readonly LabelledRow[], outOfScopeLabel?: string): string[] {
  const labels = [...new Set(rows.map(({ label }) => label))].filter((label) => label !== outOfScopeLabel).sort();
  if (labels.length < 2) throw new Error(`the training rows have ${labels.length} label(s): at least 2 are needed`);
  return labels;
}

/**
 * Chooses the n-grams that are features: the most frequent ones of the texts.
 * One that shares its hash with a more frequent one, or is not well-formed Unicode, is left out.
 */
export function chooseVocabulary(texts: readonly string[], recipe: Recipe): VocabularyEntry[] {
  const scanner = new NgramScanner(recipe.features);
  const { minDocuments, maxSize } = recipe.vocabulary;
  const documents = countDocuments(scanner, texts);
  for (const [hash, count] of documents) if (count < minDocuments) documents.delete(hash);
  const entries = new Map<number, VocabularyEntry>();
  for (const text of texts) {
    const ngrams = scanner.scan(text);
    for (let k = 0; k < ngrams; k++) {
      const hash = scanner.hashes[k]!;
      const count = documents.get(hash);
      if (count !== undefined && !entries.has(hash))
        entries.set(hash, { spelling: scanner.spelling(k), documents: count });
    }
  }
  return [...entries.values()]
    .filter(({ spelling }) => spelling.isWellFormed())
    .sort((a, b) => b.documents - a.documents || (a.spelling < b.spelling ? -1 : 1))
    .slice(0, maxSize);
}

function countDocuments(scanner: NgramScanner, texts: readonly string[]): Map<number, number> {
  const documents = new Map<number, number>();
  for (const text of texts) {
    const ngrams = scanner.scan(text);
    for (const hash of new Set(scanner.hashes.subarray(0, ngrams))) documents.set(hash, (documents.get(hash) ?? 0) + 1);
  }
  return documents;
}

/** Texts as features and classes, with the rows that belong to no label repeated as the recipe wants. */
export function buildTrainingSet(
  rows: readonly LabelledRow[],
  labels: readonly string[],
  features: TextFeatures,
  recipe: Recipe,
): TrainingSet {
  const repeat = recipe.outOfScope?.repeat ?? 1;
  const repeated = rows.flatMap((row) =>
    row.label === recipe.outOfScope?.label ? Array<LabelledRow>(repeat).fill(row) : [row],
  );
  const classes = classesOf(repeated, labels);
  return {
    features: repeated.map(({ text }) => features.extract(text)),
    classes,
    classWeights: weighClasses(classes, labels.length, recipe.classWeights),
    rows: features.size + 1,
  };
}

/** Index of each row's label; `NO_CLASS` for a label that is not among them. */
export function classesOf(rows: readonly LabelledRow[], labels: readonly string[]): Int32Array {
  const index = new Map(labels.map((label, k) => [label, k]));
  return Int32Array.from(rows, ({ label }) => index.get(label) ?? NO_CLASS);
}

function weighClasses(classes: Int32Array, count: number, kind: Recipe['classWeights']): Float64Array {
  const weights = new Float64Array(count).fill(1);
  if (kind === 'none') return weights;
  const sizes = new Float64Array(count);
  let total = 0;
  for (const c of classes) {
    if (c === NO_CLASS) continue;
    sizes[c]! += 1;
    total += 1;
  }
  return weights.map((_, c) => total / (count * sizes[c]!));
}
