const OFFSET_BASIS = 0x811c9dc5 | 0;
const PRIME = 0x01000193;

/** FNV-1a over UTF-16 code units: the hash of an n-gram, continued from `hash`. */
export function extendHash(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, PRIME);
}

/** Hash of an n-gram as the vocabulary spells it, for example `w:so good` or `c: goo`. */
export function hashNgram(spelling: string): number {
  let hash = OFFSET_BASIS;
  for (let k = 0; k < spelling.length; k++) hash = extendHash(hash, spelling.charCodeAt(k));
  return hash;
}
