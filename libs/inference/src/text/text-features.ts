import type { z } from 'zod';
import { NgramScanner } from './ngram-scanner.js';
import { type TextFeatureSettings, textFeatureSettingsSchema } from './text-feature-settings.js';
import { Vocabulary } from './vocabulary.js';

/** The features of one text: ids and weights of equal length, in the order of the text. */
export interface FeatureVector {
  ids: Int32Array;
  weights: Float32Array;
}

/** The features of several texts, row-major, padded with id 0 and weight 0 to `length`. */
export interface FeatureBatch extends FeatureVector {
  length: number;
}

/** Turns texts into TF-IDF weighted n-grams of unit length; not re-entrant, but synchronous. */
export class TextFeatures {
  private readonly scanner: NgramScanner;
  private readonly maxFeatures: number;
  /** Weight of an n-gram that occurs once, by id. */
  private readonly idf: Float64Array;
  private readonly unknownSquared: number;
  /** Weight factor of an n-gram by the times it occurs. */
  private readonly ofCount: Float64Array;
  /** Place of an id among the ids of the text at hand, plus 1; all 0 between texts. */
  private readonly places: Int32Array;
  private readonly counts: Int32Array;
  /** Features of the texts at hand, one text after the other. */
  private ids: Int32Array;
  private weights: Float64Array;

  constructor(
    settings: TextFeatureSettings,
    private readonly vocabulary: Vocabulary,
  ) {
    const { documents, unknownShare, termFrequency, maxFeatures } = settings;
    this.maxFeatures = maxFeatures;
    const idfOf = (count: number) => Math.log((1 + documents) / (1 + count)) + 1;
    this.scanner = new NgramScanner(settings);
    this.idf = Float64Array.from(vocabulary.documents, idfOf);
    this.unknownSquared = (unknownShare * idfOf(1)) ** 2;
    this.ofCount = Float64Array.from({ length: 256 }, (_, n) =>
      termFrequency === 'log' && n > 1 ? 1 + Math.log(n) : 1,
    );
    this.places = new Int32Array(vocabulary.size + 1);
    this.counts = new Int32Array(maxFeatures);
    this.ids = new Int32Array(maxFeatures);
    this.weights = new Float64Array(maxFeatures);
  }

  /**
   * Makes the features that falcon.json describes; what it leaves out has its default.
   * @throws {Error} a sentence, when the vocabulary file is not one, or what is wrong with the settings.
   */
  static parse(settings: z.input<typeof textFeatureSettingsSchema>, vocabularyFile: string): TextFeatures {
    return new TextFeatures(textFeatureSettingsSchema.parse(settings), Vocabulary.parse(vocabularyFile));
  }

  /** Number of distinct features; ids go from 1 to this. */
  get size(): number {
    return this.vocabulary.size;
  }

  /** The features of one text; a text without any known n-gram has none. */
  extract(text: string): FeatureVector {
    const length = this.collect(text, 0);
    return { ids: this.ids.slice(0, length), weights: new Float32Array(this.weights.subarray(0, length)) };
  }

  /** The features of several texts, padded to the longest, at least 1. */
  extractBatch(texts: readonly string[]): FeatureBatch {
    const ends: number[] = [];
    let end = 0;
    let length = 1;
    for (const text of texts) {
      const features = this.collect(text, end);
      ends.push((end += features));
      length = Math.max(length, features);
    }
    const ids = new Int32Array(texts.length * length);
    const weights = new Float32Array(texts.length * length);
    for (const [row, rowEnd] of ends.entries()) {
      const start = ends[row - 1] ?? 0;
      ids.set(this.ids.subarray(start, rowEnd), row * length);
      weights.set(this.weights.subarray(start, rowEnd), row * length);
    }
    return { ids, weights, length };
  }

  /** Leaves the text's features in `ids` and `weights` from `start` on; returns how many there are. */
  private collect(text: string, start: number): number {
    this.reserve(start + this.maxFeatures);
    const ngrams = this.scanner.scan(text);
    const { hashes } = this.scanner;
    const { ids, counts, places, maxFeatures } = this;
    let length = 0;
    let unknown = 0;
    for (let k = 0; k < ngrams; k++) {
      const id = this.vocabulary.ids.get(hashes[k] ?? 0);
      const place = places[id] ?? 0;
      if (id === 0) unknown++;
      else if (place > 0) counts[place - 1] = (counts[place - 1] ?? 0) + 1;
      else if (length === maxFeatures) break;
      else {
        ids[start + length] = id;
        counts[length++] = 1;
        places[id] = length;
      }
    }
    this.weigh(start, length, unknown);
    return length;
  }

  private weigh(start: number, length: number, unknown: number): void {
    const { ids, counts, places, weights, ofCount, idf } = this;
    const end = start + length;
    let squared = unknown * this.unknownSquared;
    for (let k = start; k < end; k++) {
      const id = ids[k] ?? 0;
      places[id] = 0;
      const weight = (ofCount[Math.min(counts[k - start] ?? 1, ofCount.length - 1)] ?? 1) * (idf[id] ?? 0);
      weights[k] = weight;
      squared += weight * weight;
    }
    const scale = squared > 0 ? 1 / Math.sqrt(squared) : 0;
    for (let k = start; k < end; k++) weights[k] = (weights[k] ?? 0) * scale;
  }

  private reserve(length: number): void {
    if (this.ids.length >= length) return;
    const [ids, weights] = [this.ids, this.weights];
    this.ids = new Int32Array(2 * length);
    this.weights = new Float64Array(2 * length);
    this.ids.set(ids);
    this.weights.set(weights);
  }
}
