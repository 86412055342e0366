import { hash } from 'node:crypto';

/** Postgres has no NUL in text: it is kept as the character that depicts it, and the hash tells that it was one. */
const SYMBOL_FOR_NUL = '\u2400';
const NUL_OR_SURROGATE = /[\0\ud800-\udfff]/;
const SURROGATE_PAIRS = /[\ud800-\udbff][\udc00-\udfff]/g;

/** A string as Postgres can keep it: NUL becomes U+2400, a lone surrogate U+FFFD. */
export function storable(text: string): string {
  return NUL_OR_SURROGATE.test(text) ? text.replaceAll('\0', SYMBOL_FOR_NUL).toWellFormed() : text;
}

/** SHA-256 of the text's UTF-8 bytes, 64 hexadecimal digits. */
export function hashOf(text: string): string {
  return hash('sha256', text);
}

/** Unicode code points of a text. */
export function lengthOf(text: string): number {
  const pairs = NUL_OR_SURROGATE.test(text) ? (text.match(SURROGATE_PAIRS)?.length ?? 0) : 0;
  return text.length - pairs;
}
