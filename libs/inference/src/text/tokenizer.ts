import { CLASS_OF, FOLDED, FOLDED_DIGITS, SPACE, SURROGATE } from './character-classes.js';
import { normaliseText } from './normalise-text.js';
import type { TextNormalisation } from './text-feature-settings.js';

const BLANK = 0x20;
const AT = 0x40;
const BEGINNING = '^';
const END = '$';
const USER = Array.from('@user', (character) => character.charCodeAt(0));
/** `@a` is the shortest mention: two units become five and a space. */
const MOST_GROWTH = 3;
const EDGES = 2;

/**
 * Cuts a text into tokens, written into one buffer with a single space before, between and after them, so that every
 * n-gram is a slice of the buffer. The buffers are reused: what a call leaves is good until the next call.
 */
export class Tokenizer {
  /** The tokens and the spaces around them, as UTF-16 code units. */
  units = new Uint16Array(1024);
  /** Where each token starts in `units`. */
  starts = new Int32Array(512);
  /** Where each token ends in `units`, at the space after it. */
  ends = new Int32Array(512);

  private readonly folded: Uint16Array;
  private length = 0;
  private tokens = 0;

  constructor(
    private readonly settings: TextNormalisation,
    private readonly edges: boolean,
  ) {
    this.folded = settings.digits ? FOLDED_DIGITS : FOLDED;
  }

  /** @returns the number of tokens. */
  read(text: string): number {
    const normal = normaliseText(text, this.settings);
    this.reserve(normal.length);
    this.units[0] = BLANK;
    this.length = 1;
    this.tokens = 0;
    if (this.edges) this.write(BEGINNING, 0, 1);
    for (let from = 0; from < normal.length;) {
      if (CLASS_OF[normal.charCodeAt(from)] === SPACE) {
        from++;
        continue;
      }
      const to = endOfToken(normal, from);
      this.write(normal, from, to);
      from = to;
    }
    if (this.edges) this.write(END, 0, 1);
    return this.tokens;
  }

  private write(text: string, from: number, to: number): void {
    this.starts[this.tokens] = this.length;
    this.writeUnits(text, from, to);
    this.ends[this.tokens++] = this.length;
    this.units[this.length++] = BLANK;
  }

  private writeUnits(text: string, from: number, to: number): void {
    if (this.settings.mentions && to - from > 1 && text.charCodeAt(from) === AT) {
      for (const unit of USER) this.units[this.length++] = unit;
      return;
    }
    const { folded, units } = this;
    const first = this.length;
    for (let k = from; k < to; k++) {
      const unit = folded[text.charCodeAt(k)] ?? 0;
      const n = this.length;
      const repeats = n - first >= 2 && units[n - 1] === unit && units[n - 2] === unit;
      if (!(repeats && this.settings.squeeze)) units[this.length++] = unit;
    }
  }

  private reserve(length: number): void {
    const tokens = length + EDGES;
    if (this.starts.length < tokens) {
      this.starts = new Int32Array(2 * tokens);
      this.ends = new Int32Array(2 * tokens);
    }
    const units = MOST_GROWTH * tokens + 1;
    if (this.units.length < units) this.units = new Uint16Array(2 * units);
  }
}

function endOfToken(text: string, from: number): number {
  const kind = CLASS_OF[text.charCodeAt(from)];
  if (kind === SURROGATE) return from + ((text.codePointAt(from) ?? 0) > 0xffff ? 2 : 1);
  let to = from + 1;
  while (to < text.length && CLASS_OF[text.charCodeAt(to)] === kind) to++;
  return to;
}
