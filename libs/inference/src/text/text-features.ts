import { NgramScanner } from './ngram-scanner.js';
import type { TextFeatureSettings } from './text-feature-settings.js';
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
  /** Weight of an n-gram that occurs once, by id. */
  private readonly idf: Float64Array;
  private readonly unknownSquared: number;
  /** Weight factor of an n-gram by the times it occurs. */
  private readonly ofCount: Float64Array;
  /** Place of an id among the ids of the text at hand, plus 1; all 0 between texts. */
  private readonly places: Int32Array;
  private readonly ids: Int32Array;
  private readonly counts: Int32Array;
  private readonly weights: Float64Array;

  constructor(
    settings: TextFeatureSettings,
    private readonly vocabulary: Vocabulary,
  ) {
    const { documents, unknownShare, termFrequency, maxFeatures } = settings;
    const idfOf = (count: number) => Math.log((1 + documents) / (1 + count)) + 1;
    this.scanner = new NgramScanner(settings);
    this.idf = Float64Array.from(vocabulary.documents, idfOf);
    this.unknownSquared = (unknownShare * idfOf(1)) ** 2;
    this.ofCount = Float64Array.from({ length: 256 }, (_, n) =>
      termFrequency === 'log' && n > 1 ? 1 + Math.log(n) : 1,
    );
    this.places = new Int32Array(vocabulary.size + 1);
    this.ids = new Int32Array(maxFeatures);
    this.counts = new Int32Array(maxFeatures);
    this.weights = new Float64Array(maxFeatures);
  }

  /**
   * Makes the features that falcon.json describes.
   * @throws {Error} a sentence, when the vocabulary file is not one.
   */
  static parse(settings: TextFeatureSettings, vocabularyFile: string): TextFeatures {
    return new TextFeatures(settings, Vocabulary.parse(vocabularyFile));
  }

  /** Number of distinct features; ids go from 1 to this. */
  get size(): number {
    return this.vocabulary.size;
  }

  /** The features of one text; a text without any known n-gram has none. */
  extract(text: string): FeatureVector {
    const length = this.collect(text);
    return { ids: this.ids.slice(0, length), weights: new Float32Array(this.weights.subarray(0, length)) };
  }

  /** The features of several texts, padded to the longest, at least 1. */
  extractBatch(texts: readonly string[]): FeatureBatch {
    const rows = texts.map((text) => this.extract(text));
    const length = rows.reduce((longest, { ids }) => Math.max(longest, ids.length), 1);
    const ids = new Int32Array(texts.length * length);
    const weights = new Float32Array(texts.length * length);
    rows.forEach((row, index) => {
      ids.set(row.ids, index * length);
      weights.set(row.weights, index * length);
    });
    return { ids, weights, length };
  }

  /** Leaves the text's features in `ids` and `weights`; returns how many there are. */
  private collect(text: string): number {
    const ngrams = this.scanner.scan(text);
    const { hashes } = this.scanner;
    const { ids, counts, places } = this;
    let length = 0;
    let unknown = 0;
    for (let k = 0; k < ngrams; k++) {
      const id = this.vocabulary.ids.get(hashes[k] ?? 0);
      const place = places[id] ?? 0;
      if (id === 0) unknown++;
      else if (place > 0) counts[place - 1] = (counts[place - 1] ?? 0) + 1;
      else if (length === ids.length) break;
      else {
        ids[length] = id;
        counts[length++] = 1;
        places[id] = length;
      }
    }
    this.weigh(length, unknown);
    return length;
  }

  private weigh(length: number, unknown: number): void {
    const { ids, counts, places, weights, ofCount, idf } = this;
    let squared = unknown * this.unknownSquared;
    for (let k = 0; k < length; k++) {
      const id = ids[k] ?? 0;
      places[id] = 0;
      const weight = (ofCount[Math.min(counts[k] ?? 1, ofCount.length - 1)] ?? 1) * (idf[id] ?? 0);
      weights[k] = weight;
      squared += weight * weight;
    }
    const scale = squared > 0 ? 1 / Math.sqrt(squared) : 0;
    for (let k = 0; k < length; k++) weights[k] = (weights[k] ?? 0) * scale;
  }
}
