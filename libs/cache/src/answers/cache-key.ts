import { hash } from 'node:crypto';

/** The number is that of the form of key and entry: a release that changes either counts it up and finds an empty cache. */
const PREFIX = 'falcon:cache:3:';

/** What an answer depends on. */
export interface Question {
  model: string;
  version: string;
  /** Well-formed: halves of characters have no UTF-8, and would all be alike. */
  text: string;
}

/** The name of a question's answer in the cache. */
export interface CacheKey {
  /** `falcon:cache:3:<model>:<version>:<SHA-256>`: the text cannot be read from it. */
  key: string;
  /** SHA-256 of the text as it came, 64 hexadecimal digits, if the key holds that: then nobody has to compute it again. */
  textHash: string | undefined;
}

/**
 * The key of a question's answer. Texts that differ only in Unicode composition or in space around them are the same
 * question.
 */
export function cacheKey({ model, version, text }: Question): CacheKey {
  const asked = text.normalize('NFC').trim();
  const digest = hash('sha256', asked);
  return { key: `${PREFIX}${model}:${version}:${digest}`, textHash: asked === text ? digest : undefined };
}
