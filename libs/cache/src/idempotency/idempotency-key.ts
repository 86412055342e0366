/** Names of the header, the original's and the standard's, as Node.js spells them. */
const IDEMPOTENCY_HEADERS = ['x-idempotency-key', 'idempotency-key'] as const;

/** Longest key. */
export const MAX_IDEMPOTENCY_KEY_LENGTH = 255;

/** What the headers say; a malformed one names itself and what was expected. */
export type IdempotencyKeyHeader =
  { state: 'absent' } | { state: 'given'; key: string } | { state: 'malformed'; header: string; expected: string };

/** A string of RFC 9651, and the parameters that may follow it, which mean nothing here. */
const QUOTED =
  /^"((?:[ !#-[\]-~]|\\["\\])*)"(?: *;\s*[a-z*][a-z0-9_.*-]*(?:=(?:"(?:[ !#-[\]-~]|\\["\\])*"|[^\s;",]+))?)*$/;
const BARE = /^[!#-~][ -~]*$/;

/** Reads the key from the headers of a request: quoted, as the standard has it, or bare, as most send it. */
export function idempotencyKey(headers: Readonly<Record<string, string | string[] | undefined>>): IdempotencyKeyHeader {
  let found: IdempotencyKeyHeader = { state: 'absent' };
  for (const header of IDEMPOTENCY_HEADERS) {
    const value = headers[header];
    if (value === undefined) {
      continue;
    }
    const key = parse(String(value).trim());
    if (key === undefined) {
      const expected = `must be 1 to ${MAX_IDEMPOTENCY_KEY_LENGTH} printable ASCII characters, bare or as a quoted string`;
      return { state: 'malformed', header, expected };
    }
    if (found.state === 'given' && found.key !== key) {
      return { state: 'malformed', header, expected: `must be the same as ${IDEMPOTENCY_HEADERS[0]}` };
    }
    found = { state: 'given', key };
  }
  return found;
}

function parse(value: string): string | undefined {
  const key = value.startsWith('"') ? QUOTED.exec(value)?.[1]?.replaceAll(/\\(["\\])/g, '$1') : BARE.exec(value)?.[0];
  return key && key.length <= MAX_IDEMPOTENCY_KEY_LENGTH ? key : undefined;
}
