import { hash, randomBytes, timingSafeEqual } from 'node:crypto';

/** What a key opens: `infer` asks models, `metrics` scrapes, `admin` operates and scrapes. */
export const ROLES = ['infer', 'admin', 'metrics'] as const;
export type Role = (typeof ROLES)[number];

/** What is known of a key; the key itself is known to its owner alone. */
export interface ApiKey {
  /** Public name of the key: part of it, of lists and of log lines. */
  id: string;
  tenant: string;
  role: Role;
  /** Instant from which on it is refused, in milliseconds of the epoch. */
  expiresAtMs?: number;
  /** Instead of the limit of its tenant; counted for this key alone. */
  rateLimit?: { perSecond: number; burst: number };
}

/** No key is longer; what is would only cost time to hash. */
const MAX_KEY_LENGTH = 256;
const SECRET_BYTES = 32;
const ID_BYTES = 6;
const OWN_FORM = /^falcon_([0-9a-f]{12})_[A-Za-z0-9_-]{43}$/;

/** Makes a key: its id, the text that its owner is given once, and the digest that is kept. */
export function generateKey(): { id: string; key: string; sha256: string } {
  const id = randomBytes(ID_BYTES).toString('hex');
  const key = `falcon_${id}_${randomBytes(SECRET_BYTES).toString('base64url')}`;
  return { id, key, sha256: hash('sha256', key) };
}

/** The id that a key names itself by; undefined when it is not one of ours. */
export function idOf(key: string): string | undefined {
  return OWN_FORM.exec(key)?.[1];
}

/** The digest of what a caller sent; undefined when it is too long to be a key. */
export function digestOf(key: string): Buffer | undefined {
  // One shot, as text: a third of the time that a Buffer takes to come out.
  return key.length > MAX_KEY_LENGTH ? undefined : Buffer.from(hash('sha256', key), 'hex');
}

/** Whether two digests are the same; takes as long whether the first byte differs or the last. */
export function isSameDigest(given: Buffer, kept: Buffer): boolean {
  return timingSafeEqual(given, kept);
}
