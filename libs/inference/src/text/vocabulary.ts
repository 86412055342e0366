import { hashNgram } from './ngram-hash.js';
import { IdTable } from './id-table.js';

/** One n-gram that is a feature. */
export interface VocabularyEntry {
  /** `w:` and words, `c:` and characters, or `p:` and a mark of polarity. */
  spelling: string;
  /** Training texts that have it. */
  documents: number;
}

/** The n-grams that are features, by hash; ids count from 1, id 0 is padding. */
export class Vocabulary {
  private constructor(
    /** Number of n-grams. */
    readonly size: number,
    /** Id of each n-gram's hash. */
    readonly ids: IdTable,
    /** Training texts that have the n-gram, by id. */
    readonly documents: Int32Array,
  ) {}

  /**
   * Reads the vocabulary file: `n-gram TAB document frequency` a line.
   * @throws {Error} a sentence with the line, when a line is not of that form or two n-grams share a hash.
   */
  static parse(file: string): Vocabulary {
    const lines = file.split('\n');
    if (lines.at(-1) === '') lines.pop();
    return Vocabulary.of(lines.map(parseLine));
  }

  /** @throws {Error} a sentence, when two n-grams share a hash. */
  static of(entries: readonly VocabularyEntry[]): Vocabulary {
    const ids = new IdTable(entries.length);
    const documents = new Int32Array(entries.length + 1);
    entries.forEach(({ spelling, documents: count }, index) => {
      if (!ids.add(hashNgram(spelling), index + 1)) {
        throw new Error(`vocabulary line ${index + 1}: "${spelling}" repeats an n-gram or shares the hash of another`);
      }
      documents[index + 1] = count;
    });
    return new Vocabulary(entries.length, ids, documents);
  }
}

/** The vocabulary file of some n-grams. */
export function formatVocabulary(entries: readonly VocabularyEntry[]): string {
  return entries.map(({ spelling, documents }) => `${spelling}\t${documents}\n`).join('');
}

function parseLine(line: string, index: number): VocabularyEntry {
  const [spelling = '', count = '', ...rest] = line.split('\t');
  const documents = Number(count);
  if (!/^[wcp]:./su.test(spelling) || !/^[1-9]\d{0,8}$/.test(count) || rest.length > 0) {
    throw new Error(
      `vocabulary line ${index + 1}: "${line}" is not "w:words", "c:characters" or "p:polarity", a tab and a count`,
    );
  }
  return { spelling, documents };
}
