import type { IncomingHttpHeaders } from 'node:http';

const BEARER = /^Bearer +(\S+) *$/i;
const BASIC = /^Basic +([A-Za-z0-9+/]+={0,2}) *$/i;

/**
 * The key that a request carries: `Authorization: Bearer KEY`, or `X-API-Key: KEY`, or, where browsers are to ask for it,
 * the password of `Authorization: Basic`.
 */
export function credentialOf(headers: IncomingHttpHeaders, takesPassword: boolean): string | undefined {
  const { authorization, 'x-api-key': key } = headers;
  if (authorization !== undefined) {
    const bearer = BEARER.exec(authorization)?.[1];
    const password = bearer === undefined && takesPassword ? passwordOf(authorization) : undefined;
    if ((bearer ?? password) !== undefined) {
      return bearer ?? password;
    }
  }
  return key === undefined ? undefined : String(key);
}

function passwordOf(authorization: string): string | undefined {
  const encoded = BASIC.exec(authorization)?.[1];
  return encoded === undefined ? undefined : /:(.*)$/s.exec(Buffer.from(encoded, 'base64').toString())?.[1];
}
