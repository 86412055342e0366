import { HTTP_ERRORS, type ErrorCode } from '../http-errors.js';
import { PROBLEM_TYPE, RETRYABLE } from '../http/problem.js';
import { refTo, type SchemaName } from './schemas.js';

/** A header as the document describes it. */
export interface HeaderObject {
  description: string;
  required?: boolean;
  schema: { type: string; pattern?: string } | { enum: readonly string[] };
}

/** A response as the document describes it. */
export interface ResponseObject {
  description: string;
  headers: Record<string, HeaderObject>;
  content: Record<string, { schema?: object }>;
}

const REQUEST_ID: HeaderObject = {
  description: 'Id of the request: the one sent in `X-Request-ID` if it was well formed, else a new UUID.',
  required: true,
  schema: { type: 'string' },
};
/** Pattern of the header `traceparent`, version 00 and later ones. */
export const TRACEPARENT = '^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}';

const TRACE: HeaderObject = {
  description: 'The span of the request (W3C Trace Context), where requests are traced.',
  schema: { type: 'string', pattern: TRACEPARENT },
};
const RETRY_AFTER: HeaderObject = {
  description: 'Seconds after which asking again may succeed.',
  required: true,
  schema: { type: 'string', pattern: '^[1-9][0-9]*$' },
};
const ALLOW: HeaderObject = {
  description: 'The methods this route takes.',
  required: true,
  schema: { type: 'string' },
};

const WWW_AUTHENTICATE: HeaderObject = {
  description: 'How a key can be sent.',
  required: true,
  schema: { type: 'string' },
};

/** An answer of one media type. */
export function answer(description: string, mediaType: string, schema: object): ResponseObject {
  const headers = { 'X-Request-ID': REQUEST_ID, traceparent: TRACE };
  return { description, headers, content: { [mediaType]: { schema } } };
}

/** The same answer with headers besides. */
export function withHeaders(response: ResponseObject, headers: Record<string, HeaderObject>): ResponseObject {
  return { ...response, headers: { ...response.headers, ...headers } };
}

/** A JSON answer of a schema of the document. */
export function jsonAnswer(description: string, name: SchemaName): ResponseObject {
  return answer(description, 'application/json', refTo(name));
}

/** Error answers by status; codes that share a status share an entry. */
export function problemAnswers(codes: readonly ErrorCode[]): Record<string, ResponseObject> {
  const byStatus: Record<string, ResponseObject> = {};
  for (const [status, sameStatus] of Map.groupBy(codes, (code) => HTTP_ERRORS[code].status)) {
    const description = sameStatus.map((code) => `\`${code}\`: ${HTTP_ERRORS[code].title}.`).join('\n\n');
    byStatus[status] = withHeaders(answer(description, PROBLEM_TYPE, refTo('Problem')), {
      ...(RETRYABLE.has(status) && { 'Retry-After': RETRY_AFTER }),
      ...(status === 405 && { Allow: ALLOW }),
      ...(status === 401 && { 'WWW-Authenticate': WWW_AUTHENTICATE }),
    });
  }
  return byStatus;
}
