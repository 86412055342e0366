import { hash } from 'node:crypto';

/** The number is that of the form of key and entry: a release that changes either counts it up and finds an empty cache. */
const PREFIX = 'falcon:cache:3:';

/** What an answer depends on. */
export interface Question {
  model: string;
  version: string;
  text: string;
  /** What shapes the answer besides, in any order; default: nothing. */
  options?: Readonly<Record<string, string | number | boolean>>;
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
export function cacheKey({ model, version, text, options }: Question): CacheKey {
  const asked = text.normalize('NFC').trim();
  const isPlain = options === undefined && asked.isWellFormed();
  // JSON keeps text and options apart, and half characters, which UTF-8 would make alike.
  const digest = hash('sha256', isPlain ? asked : JSON.stringify([asked, inOrder(options)]));
  return {
    key: `${PREFIX}${model}:${version}:${digest}${isPlain ? '' : ':json'}`,
    textHash: isPlain && asked === text ? digest : undefined,
  };
}

function inOrder(options: Question['options'] = {}): unknown[] {
  return Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1));
}
