import { extendHash, hashNgram } from './ngram-hash.js';
import { MARKS, PolarityMarks } from './polarity-marks.js';
import type { TextFeatureSettings } from './text-feature-settings.js';
import { Tokenizer } from './tokenizer.js';

const WORDS = 'w:';
const CHARACTERS = 'c:';
const POLARITY = 'p:';
const MARK_HASHES = MARKS.map((mark) => hashNgram(POLARITY + mark));
const WORDS_HASH = hashNgram(WORDS);
const CHARACTERS_HASH = hashNgram(CHARACTERS);
const BLANK = 0x20;
const NONE = { min: 1, max: 0 };

/** What of the feature settings decides which n-grams a text has. */
export type NgramSettings = Pick<TextFeatureSettings, 'normalisation' | 'words' | 'edges' | 'characters' | 'polarity'>;

/**
 * Finds the n-grams of a text: first marks of polarity, if wanted, then, token by token, those of words that start at the token, then those of its characters.
 * No string is made for them. The buffers are reused: what a call leaves is good until the next call.
 */
export class NgramScanner {
  /** Hash of each n-gram, in the order of the text, repetitions included. */
  hashes = new Int32Array(4096);

  private readonly tokenizer: Tokenizer;
  private readonly polarity: PolarityMarks | undefined;
  private readonly edges: boolean;
  private readonly words: { min: number; max: number };
  private readonly characters: { min: number; max: number };
  /** Bounds of each n-gram in the tokenizer's units; the end of one of characters, and a mark of polarity, are inverted. */
  private starts = new Int32Array(4096);
  private ends = new Int32Array(4096);
  private count = 0;
  private tokens = 0;

  constructor(settings: NgramSettings) {
    this.tokenizer = new Tokenizer(settings.normalisation, settings.edges);
    this.edges = settings.edges;
    this.polarity = settings.polarity === 'none' ? undefined : new PolarityMarks();
    this.words = settings.words ?? NONE;
    this.characters = settings.characters ?? NONE;
  }

  /** @returns the number of n-grams found. */
  scan(text: string): number {
    this.tokens = this.tokenizer.read(text);
    this.reserve();
    this.count = 0;
    this.scanPolarity();
    for (let token = 0; token < this.tokens; token++) {
      const isEdge = this.edges && (token === 0 || token === this.tokens - 1);
      this.scanWords(token, isEdge ? Math.max(2, this.words.min) : this.words.min);
      if (!isEdge) this.scanCharacters(token);
    }
    return this.count;
  }

  /** Spelling of the n-gram at `index`, as the vocabulary has it. */
  spelling(index: number): string {
    const [start, end] = [this.starts[index] ?? 0, this.ends[index] ?? 0];
    if (start < 0) return POLARITY + MARKS[~start];
    const units = this.tokenizer.units.subarray(start, end < 0 ? ~end : end);
    return (end < 0 ? CHARACTERS : WORDS) + String.fromCharCode(...units);
  }

  private scanPolarity(): void {
    this.polarity?.read(this.tokenizer, this.tokens);
    for (const mark of this.polarity?.found ?? []) this.add(MARK_HASHES[mark] ?? 0, ~mark, 0);
  }

  private scanWords(token: number, min: number): void {
    const { units, starts, ends } = this.tokenizer;
    const most = Math.min(this.words.max, this.tokens - token);
    const start = starts[token] ?? 0;
    let hash = WORDS_HASH;
    let at = start;
    for (let length = 1; length <= most; length++) {
      const end = ends[token + length - 1] ?? 0;
      while (at < end) hash = extendHash(hash, units[at++] ?? 0);
      if (length >= min) this.add(hash, start, end);
      hash = extendHash(hash, BLANK);
      at++;
    }
  }

  private scanCharacters(token: number): void {
    const { units, starts, ends } = this.tokenizer;
    const { min, max } = this.characters;
    const after = (ends[token] ?? 0) + 1; // the space behind the token belongs to it, as does the one before
    for (let start = (starts[token] ?? 0) - 1; start + min <= after; start++) {
      const most = Math.min(max, after - start);
      let hash = CHARACTERS_HASH;
      for (let length = 1; length <= most; length++) {
        hash = extendHash(hash, units[start + length - 1] ?? 0);
        if (length >= min) this.add(hash, start, ~(start + length));
      }
    }
  }

  private add(hash: number, start: number, end: number): void {
    const n = this.count++;
    this.hashes[n] = hash;
    this.starts[n] = start;
    this.ends[n] = end;
  }

  private reserve(): void {
    const units = this.tokens > 0 ? (this.tokenizer.ends[this.tokens - 1] ?? 0) + 1 : 0;
    const most = MARKS.length + this.tokens * this.words.max + (units + this.tokens) * this.characters.max;
    if (this.hashes.length >= most) return;
    this.hashes = new Int32Array(2 * most);
    this.starts = new Int32Array(2 * most);
    this.ends = new Int32Array(2 * most);
  }
}
