import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { HttpError } from '../http-errors.js';

/** Most bytes of a request's body. */
export const MAX_BODY_BYTES = 1_048_576;

/**
 * Makes JSON the only body there is. `__proto__` and `constructor` come out as ordinary members, which
 * the schema then refuses by name like any unknown one; nothing ever copies them onto another object.
 */
export function takeJsonBodiesOnly(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, parseJson(body));
    } catch (error) {
      done(error as Error);
    }
  });
}

/** Parses a body; an empty one, one in another encoding than UTF-8 and one that is not JSON are refused. */
export function parseJson(body: Buffer): unknown {
  if (!isUtf8(body)) {
    throw new HttpError('MALFORMED_JSON', 'The body is not valid UTF-8.');
  }
  const text = body.toString('utf8');
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own words quote the body, which must not reach a log or another user's screen.
    throw new HttpError('MALFORMED_JSON', text.trim() === '' ? 'The body is empty.' : 'The body is not valid JSON.');
  }
}
