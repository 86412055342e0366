import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { IDENTIFIER, IDENTIFIER_IN_WORDS } from '../identifier.js';
import { ROLES } from './api-key.js';
import type { KeptKey } from './key-ring.js';

const MAX_KEYS = 100_000;

/** The most that a key may have at once after a rest. */
export const MAX_BURST = 1_000_000;
/** The longest note on a key, in UTF-16 code units. */
export const MAX_NOTE_LENGTH = 200;

const recordSchema = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{12}$/, 'must be 12 hexadecimal digits'),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits'),
  tenant: z.string().regex(IDENTIFIER, `must be ${IDENTIFIER_IN_WORDS}`),
  role: z.enum(ROLES, `must be one of ${ROLES.join(', ')}`),
  created_at: z.iso.datetime('must be an instant such as 2026-01-31T12:00:00Z'),
  expires_at: z.iso.datetime('must be an instant such as 2026-01-31T12:00:00Z').optional(),
  rate_limit: z
    .strictObject({
      per_minute: z.int().min(1).max(100_000_000),
      burst: z.int().min(1).max(MAX_BURST),
    })
    .optional(),
  note: z.string().max(MAX_NOTE_LENGTH, `must have at most ${MAX_NOTE_LENGTH} characters`).optional(),
});

const fileSchema = z
  .strictObject({ keys: z.array(recordSchema).max(MAX_KEYS, `must be at most ${MAX_KEYS}`) })
  .refine(({ keys }) => new Set(keys.map(({ id }) => id)).size === keys.length, 'two keys have the same id');

/** A key as the file has it. */
export type KeyRecord = z.output<typeof recordSchema>;

/** A file of keys that cannot be used; the message says why. */
export class KeyFileError extends Error {
  readonly code = 'KEY_FILE_UNUSABLE';
  constructor(
    path: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(`The file of keys ${path} cannot be used: ${reason}.`, options);
    this.name = 'KeyFileError';
  }
}

/**
 * Reads a file of keys.
 * @throws {KeyFileError}
 */
export async function readKeyFile(path: string): Promise<KeyRecord[]> {
  return checkedKeys(path, jsonOf(path, await readText(path)));
}

/**
 * The keys that a file has, or is to have.
 * @throws {KeyFileError}
 */
export function checkedKeys(path: string, content: unknown): KeyRecord[] {
  const parsed = fileSchema.safeParse(content);
  if (!parsed.success) {
    const [{ path: where, message } = { path: [], message: 'unknown' }] = parsed.error.issues;
    throw new KeyFileError(path, `${where.length === 0 ? '' : `${where.join('.')} `}${message}`);
  }
  return parsed.data.keys;
}

/** A record as the ring needs it. */
export function keptKey({ id, sha256, tenant, role, expires_at, rate_limit }: KeyRecord): KeptKey {
  return {
    id,
    tenant,
    role,
    digest: Buffer.from(sha256, 'hex'),
    ...(expires_at !== undefined && { expiresAtMs: Date.parse(expires_at) }),
    ...(rate_limit && { rateLimit: { perSecond: rate_limit.per_minute / 60, burst: rate_limit.burst } }),
  };
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new KeyFileError(path, code === 'ENOENT' ? 'there is no such file' : String(code), { cause: error });
  }
}

function jsonOf(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own words quote the file.
    throw new KeyFileError(path, 'it is not JSON');
  }
}
