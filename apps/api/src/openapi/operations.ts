import type { ErrorCode } from '../http-errors.js';
import { REQUEST_ID_PATTERN } from '../http/request-id.js';
import { problemAnswers, TRACEPARENT, type ResponseObject } from './responses.js';

/** What any request may be answered. */
export const ALWAYS: ErrorCode[] = [
  'BAD_REQUEST',
  'METHOD_NOT_ALLOWED',
  'BODY_TIMEOUT',
  'HEADERS_TOO_LARGE',
  'INTERNAL_ERROR',
];

/** What a request may be answered besides, where a key is needed. */
export const OF_KEYS: ErrorCode[] = ['UNAUTHENTICATED', 'FORBIDDEN'];

/** Parameters that every operation takes. */
export const COMMON_PARAMETERS = [
  {
    name: 'X-Request-ID',
    in: 'header',
    description: 'Name of the request in answers and logs; taken over if it is well formed, else replaced.',
    schema: { type: 'string', pattern: REQUEST_ID_PATTERN.source },
  },
  {
    name: 'traceparent',
    in: 'header',
    description: 'The span that the request is a child of (W3C Trace Context), where requests are traced.',
    schema: { type: 'string', pattern: TRACEPARENT },
  },
  {
    name: 'tracestate',
    in: 'header',
    description: 'What other tracing systems pass on with `traceparent`.',
    schema: { type: 'string' },
  },
];

/** A part of the path. */
export function pathParameter(name: string) {
  return { name, in: 'path', required: true, schema: { type: 'string' } };
}

/** The two ways to send a key, and the one for browsers. */
export const securitySchemes = {
  bearer: { type: 'http', scheme: 'bearer', description: '`Authorization: Bearer KEY`' },
  header: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: '`X-API-Key: KEY`' },
  password: { type: 'http', scheme: 'basic', description: 'Any name, and the key as password: for browsers.' },
};

/** A key is needed only where the server is told so. */
export function withKey(setting: string) {
  return { security: [{ bearer: [] }, { header: [] }, {}], description: `Needs a key with \`${setting}\`.` };
}

/** An operation that reads. */
export function get(operationId: string, summary: string, tag: string, responses: Record<string, ResponseObject>) {
  return {
    get: {
      operationId,
      summary,
      tags: [tag],
      parameters: COMMON_PARAMETERS,
      responses: { ...problemAnswers(ALWAYS), ...responses },
    },
  };
}
