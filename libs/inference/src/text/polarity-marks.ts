import { CLASS_OF, WORD } from './character-classes.js';
import { IdTable } from './id-table.js';
import { extendHash, hashNgram } from './ngram-hash.js';
import { NEGATIONS, NEGATIVE_WORDS, POSITIVE_WORDS } from './polarity-words.js';
import type { Tokenizer } from './tokenizer.js';

const POSITIVE = 1;
const NEGATIVE = 2;
const NEGATION = 3;
const EMPTY = hashNgram('');
/** Tokens behind a negation whose polarity it turns, unless a sentence or clause ends before. */
const NEGATION_REACH = 4;
const MOST_COUNTED = 4;
const MOST_BALANCE = 3;
const HASH_SIGN = 0x23;
const CLAUSE_ENDS = Array.from('.,!?;', (sign) => sign.charCodeAt(0));
const NT = Array.from("n't", (letter) => letter.charCodeAt(0));

const balances = Array.from({ length: 2 * MOST_BALANCE + 1 }, (_, k) => k - MOST_BALANCE);
const counted = Array.from({ length: MOST_COUNTED }, (_, k) => k + 1);

/** What can be said of the polar words of a text, as the vocabulary spells it behind `p:`. */
export const MARKS: readonly string[] = [
  ...counted.map((count) => `positive ${count}`),
  ...counted.map((count) => `negative ${count}`),
  ...balances.map((balance) => `balance ${balance}`),
  'last positive',
  'last negative',
];
const FIRST_NEGATIVE = MOST_COUNTED;
const ZERO_BALANCE = 2 * MOST_COUNTED + MOST_BALANCE;
const LAST_POSITIVE = MARKS.length - 2;
const LAST_NEGATIVE = MARKS.length - 1;

const KIND_OF = tableOf([POSITIVE_WORDS, NEGATIVE_WORDS, NEGATIONS]);

/** Says how many words of a text speak well and ill, and which kind comes last, minding negations. */
export class PolarityMarks {
  /** Indices in `MARKS`; good until the next call. */
  readonly found: number[] = [];

  /** Reads the tokens that the tokenizer holds. */
  read(tokenizer: Tokenizer, tokens: number): void {
    let [positive, negative, last, turned] = [0, 0, 0, 0];
    for (let token = 0; token < tokens; token++) {
      const kind = kindOf(tokenizer, token);
      if (kind === NEGATION) turned = NEGATION_REACH + 1;
      else if (kind === POSITIVE || kind === NEGATIVE) {
        last = turned > 0 === (kind === POSITIVE) ? NEGATIVE : POSITIVE;
        if (last === POSITIVE) positive++;
        else negative++;
      }
      turned = endsClause(tokenizer, token) ? 0 : Math.max(0, turned - 1);
    }
    this.mark(positive, negative, last);
  }

  private mark(positive: number, negative: number, last: number): void {
    const { found } = this;
    found.length = 0;
    for (let k = 0; k < Math.min(positive, MOST_COUNTED); k++) found.push(k);
    for (let k = 0; k < Math.min(negative, MOST_COUNTED); k++) found.push(FIRST_NEGATIVE + k);
    found.push(ZERO_BALANCE + Math.max(-MOST_BALANCE, Math.min(MOST_BALANCE, positive - negative)));
    if (last !== 0) found.push(last === POSITIVE ? LAST_POSITIVE : LAST_NEGATIVE);
  }
}

function kindOf({ units, starts, ends }: Tokenizer, token: number): number {
  const end = ends[token] ?? 0;
  let at = starts[token] ?? 0;
  if (units[at] === HASH_SIGN) at++;
  if (CLASS_OF[units[at] ?? 0] !== WORD) return 0;
  if (end - at > NT.length && NT.every((letter, k) => units[end - NT.length + k] === letter)) return NEGATION;
  let hash = EMPTY;
  while (at < end) hash = extendHash(hash, units[at++] ?? 0);
  return KIND_OF.get(hash);
}

function endsClause({ units, starts, ends }: Tokenizer, token: number): boolean {
  for (let at = starts[token] ?? 0; at < (ends[token] ?? 0); at++) {
    if (CLASS_OF[units[at] ?? 0] === WORD) return false; // runs of letters and runs of signs are tokens of their own
    if (CLAUSE_ENDS.includes(units[at] ?? 0)) return true;
  }
  return false;
}

function tableOf(lists: readonly (readonly string[])[]): IdTable {
  const table = new IdTable(lists.reduce((sum, list) => sum + list.length, 0));
  lists.forEach((list, index) => {
    for (const word of list)
      if (!table.add(hashNgram(word), index + 1))
        throw new Error(`"${word}" has two polarities, or the hash of another`);
  });
  return table;
}
