/** Separates tokens. */
export const SPACE = 0;
/** Letters, digits, marks and the signs that bind words: runs of them are one token. */
export const WORD = 1;
/** Everything else: runs of it are one token. */
const SYMBOL = 2;
/** Half of a surrogate pair: a pair is one token. */
export const SURROGATE = 3;

const CODE_UNITS = 65_536;
const WORD_CHARACTER = /[\p{L}\p{N}\p{M}_'@#]/u;
const SPACE_CHARACTER = /[\s\p{Cc}]/u;
const DIGIT = /\p{Nd}/u;

/** Class of every UTF-16 code unit. */
export const CLASS_OF = Uint8Array.from({ length: CODE_UNITS }, (_, unit) => {
  if (unit >= 0xd800 && unit <= 0xdfff) return SURROGATE;
  const character = String.fromCharCode(unit);
  if (SPACE_CHARACTER.test(character)) return SPACE;
  return WORD_CHARACTER.test(fold(character)) ? WORD : SYMBOL;
});

/** Code unit that stands for a code unit: curly quotes become straight ones. */
export const FOLDED = Uint16Array.from({ length: CODE_UNITS }, (_, unit) =>
  fold(String.fromCharCode(unit)).charCodeAt(0),
);

/** As `FOLDED`, and every digit becomes `0`. */
export const FOLDED_DIGITS = FOLDED.map((unit) => (DIGIT.test(String.fromCharCode(unit)) ? 0x30 : unit));

function fold(character: string): string {
  if ('\u2018\u2019\u02bc\u00b4`'.includes(character)) return "'";
  return '\u201c\u201d'.includes(character) ? '"' : character;
}
