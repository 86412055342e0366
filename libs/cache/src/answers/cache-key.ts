import { hash } from 'node:crypto';

/** The number is that of the form of key and entry: a release that changes either counts it up and finds an empty cache. */
const PREFIX = 'falcon:cache:2:';

/** What an answer depends on. */
export interface Question {
  model: string;
  version: string;
  text: string;
  /** What shapes the answer besides, in any order; default: nothing. */
  options?: Readonly<Record<string, string | number | boolean>>;
}

/**
 * The key of a question's answer. Texts that differ only in Unicode composition or in space around them are the same
 * question. The text cannot be read from the key.
 */
export function cacheKey({ model, version, text, options }: Question): string {
  const sorted = options && Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1));
  // JSON keeps the parts apart, and half characters too, which UTF-8 would make alike.
  return PREFIX + hash('sha256', JSON.stringify([model, version, text.normalize('NFC').trim(), sorted]), 'base64url');
}
