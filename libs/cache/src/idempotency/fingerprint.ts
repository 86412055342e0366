import { hash } from 'node:crypto';

/** Digest of what a request asks, as parsed: the order of members and the space between them do not count. */
export function fingerprint(body: unknown): string {
  return hash('sha256', JSON.stringify(body, inOrder) ?? '', 'base64url');
}

function inOrder(_: string, value: unknown): unknown {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;
}
