/** What a client may be told went wrong: the status, and a title that is the same for every occurrence. */
export interface HttpErrorKind {
  status: number;
  title: string;
}

/** The one table of error codes; docs/errors.md explains each to users and is compared with it by a test. */
export const HTTP_ERRORS = {
  BAD_REQUEST: { status: 400, title: 'The request is not valid HTTP' },
  MALFORMED_JSON: { status: 400, title: 'The body is not valid JSON' },
  INVALID_HEADER: { status: 400, title: 'A header has an invalid value' },
  UNAUTHENTICATED: { status: 401, title: 'There is no valid key with the request' },
  FORBIDDEN: { status: 403, title: 'The route is not open to you' },
  ROUTE_NOT_FOUND: { status: 404, title: 'There is no such route' },
  BREAKER_NOT_FOUND: { status: 404, title: 'There is no such breaker' },
  MODEL_NOT_FOUND: { status: 404, title: 'There is no such model' },
  MODEL_VERSION_NOT_FOUND: { status: 404, title: 'There is no such version of the model' },
  METHOD_NOT_ALLOWED: { status: 405, title: 'The route does not take this method' },
  BODY_TIMEOUT: { status: 408, title: 'The request was not sent in time' },
  IDEMPOTENCY_KEY_IN_FLIGHT: { status: 409, title: 'The request with this idempotency key is still running' },
  BODY_TOO_LARGE: { status: 413, title: 'The body is too large' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: 'The body is not declared as JSON' },
  INVALID_REQUEST: { status: 422, title: 'The body does not fit the schema' },
  INVALID_INPUT: { status: 422, title: 'The input does not fit the model' },
  IDEMPOTENCY_KEY_REUSED: { status: 422, title: 'The idempotency key was used for something else' },
  MODEL_TASK_MISMATCH: { status: 422, title: 'The model does not do this task' },
  RATE_LIMITED: { status: 429, title: 'The tenant has made too many requests' },
  SHED: { status: 429, title: 'The server has enough to do' },
  HEADERS_TOO_LARGE: { status: 431, title: 'The headers are too large' },
  REQUEST_CANCELLED: { status: 499, title: 'The client left before the answer' },
  INTERNAL_ERROR: { status: 500, title: 'The server failed' },
  INFERENCE_FAILED: { status: 500, title: 'The model failed on this input' },
  MAINTENANCE: { status: 503, title: 'The server is in maintenance mode' },
  MAINTENANCE_UNAVAILABLE: { status: 503, title: 'The switch of all replicas cannot be reached' },
  OVERLOADED: { status: 503, title: 'The server has enough to do' },
  CIRCUIT_OPEN: { status: 503, title: 'What is needed has failed too often' },
  BULKHEAD_FULL: { status: 503, title: 'As much as may be asked of it is under way' },
  INFERENCE_QUEUE_FULL: { status: 503, title: 'Too many requests wait for the model' },
  MODEL_NOT_READY: { status: 503, title: 'The model is not ready' },
  WORKER_LOST: { status: 503, title: 'The inference worker was lost' },
  INFERENCE_STOPPED: { status: 503, title: 'The server is stopping' },
  QUEUE_UNAVAILABLE: { status: 503, title: 'The audit queue is not connected' },
  AUDIT_UNAVAILABLE: { status: 503, title: 'The answer cannot be recorded' },
  DEADLINE_EXCEEDED: { status: 504, title: 'The deadline passed' },
} as const satisfies Record<string, HttpErrorKind>;

/** A stable, upper-case name of a failure. */
export type ErrorCode = keyof typeof HTTP_ERRORS;

/** Failures of the model in place of which a degraded answer may be given. */
export const DEGRADING_ERROR_CODES = [
  'INFERENCE_FAILED',
  'CIRCUIT_OPEN',
  'BULKHEAD_FULL',
  'INFERENCE_QUEUE_FULL',
  'MODEL_NOT_READY',
  'WORKER_LOST',
  'INFERENCE_STOPPED',
] as const satisfies readonly ErrorCode[];
export type DegradingErrorCode = (typeof DEGRADING_ERROR_CODES)[number];

/** What asking a model may end with, once a request is well formed. */
export const INFERENCE_ERROR_CODES = [
  'MODEL_NOT_FOUND',
  'MODEL_VERSION_NOT_FOUND',
  'INVALID_INPUT',
  'MODEL_TASK_MISMATCH',
  'IDEMPOTENCY_KEY_IN_FLIGHT',
  'IDEMPOTENCY_KEY_REUSED',
  'REQUEST_CANCELLED',
  'INTERNAL_ERROR',
  ...DEGRADING_ERROR_CODES,
  'AUDIT_UNAVAILABLE',
  'DEADLINE_EXCEEDED',
] as const satisfies readonly ErrorCode[];

/** One member of the request that is wrong. */
export interface MemberFault {
  /** Where it is: members joined by dots, indexes as numbers, headers as `headers.<name>`. */
  path: string;
  message: string;
}

/** What may come with a failure besides its code and its sentence. */
export interface HttpErrorExtras {
  errors?: readonly MemberFault[];
  headers?: Readonly<Record<string, string>>;
  /** Where the deadline passed. */
  stage?: string;
  retryAfterSeconds?: number;
}

/** A failure this app itself has to report. */
export class HttpError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly extras: HttpErrorExtras = {},
  ) {
    // It is told to the client, and where it comes from is known by its code: under overload the stack would be the
    // dearest part of a refusal.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = stackTraceLimit;
    this.name = 'HttpError';
  }
}

/** Whether a failure reported by a library has a row in the table. */
export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(HTTP_ERRORS, code);
}

/**
 * Refuses the value of a header.
 * @throws {HttpError} INVALID_HEADER, always
 */
export function invalidHeader(header: string, message: string): never {
  throw new HttpError('INVALID_HEADER', `"${header}" ${message}.`, {
    errors: [{ path: `headers.${header}`, message }],
  });
}
