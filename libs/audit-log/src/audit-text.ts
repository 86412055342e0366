import { hash } from 'node:crypto';

/** Postgres has no NUL in text: it is kept as the character that depicts it, and the hash tells that it was one. */
const SYMBOL_FOR_NUL = '\u2400';

/** A string as Postgres can keep it: NUL becomes U+2400, a lone surrogate U+FFFD. */
export function storable(text: string): string {
  return text.replaceAll('\0', SYMBOL_FOR_NUL).toWellFormed();
}

/** SHA-256 of the text's UTF-8 bytes, 64 hexadecimal digits. */
export function hashOf(text: string): string {
  return hash('sha256', text);
}

/** Unicode code points of a text. */
export function lengthOf(text: string): number {
  let pairs = 0;
  for (let index = 0; index < text.length; index++) {
    if (isHighSurrogate(text.charCodeAt(index)) && isLowSurrogate(text.charCodeAt(index + 1))) {
      pairs++;
      index++;
    }
  }
  return text.length - pairs;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
