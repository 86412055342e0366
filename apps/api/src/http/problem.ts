import { AuditUnavailableError, QueueUnavailableError } from '@app/audit-log';
import { SharedWaitExpiredError } from '@app/cache';
import { InferenceError } from '@app/inference';
import { MaintenanceUnavailableError } from '@app/ops';
import { ResilienceError } from '@app/resilience';
import { HTTP_ERRORS, HttpError, isErrorCode, type ErrorCode, type HttpErrorExtras } from '../http-errors.js';

/** Media type of every error answer. */
export const PROBLEM_TYPE = 'application/problem+json';

/** A failure as the client is told of it. */
export interface Failure extends HttpErrorExtras {
  code: ErrorCode;
  detail: string;
}

const INTERNAL: Failure = { code: 'INTERNAL_ERROR', detail: 'The server failed; the log has the cause.' };

/** The error's own words are those of a client of Redis. */
const NO_QUEUE: Failure = { code: 'QUEUE_UNAVAILABLE', detail: 'The audit queue cannot be read at present.' };

const CANCELLED: Failure = { code: 'REQUEST_CANCELLED', detail: 'The client left before the answer.' };

/** Codes that Fastify gives to what it refuses before a handler runs. */
const FASTIFY_FAILURES: Record<string, Failure> = {
  FST_ERR_CTP_BODY_TOO_LARGE: { code: 'BODY_TOO_LARGE', detail: 'The body is larger than 1048576 bytes.' },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: 'UNSUPPORTED_MEDIA_TYPE',
    detail: 'Send the body with "Content-Type: application/json".',
  },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    code: 'BAD_REQUEST',
    detail: 'The body is not as long as Content-Length says.',
  },
  FST_ERR_BAD_URL: { code: 'BAD_REQUEST', detail: 'The URL is not valid percent-encoding.' },
  FST_ERR_MAX_PARAM_LENGTH: { code: 'ROUTE_NOT_FOUND', detail: 'There is no such route.' },
};

/** What the libraries report; whose code has a row in the table may be told. */
const LIBRARY_ERRORS = [
  InferenceError,
  AuditUnavailableError,
  ResilienceError,
  SharedWaitExpiredError,
  MaintenanceUnavailableError,
];
type LibraryError =
  InferenceError | AuditUnavailableError | ResilienceError | SharedWaitExpiredError | MaintenanceUnavailableError;

/** Turns whatever was thrown into what a client may know; what has no row in the table is INTERNAL_ERROR. */
export function failureOf(error: unknown): Failure {
  if (error instanceof HttpError) {
    return { code: error.code, detail: error.message, ...error.extras };
  }
  if (LIBRARY_ERRORS.some((kind) => error instanceof kind)) {
    return libraryFailure(error as LibraryError);
  }
  if (error instanceof QueueUnavailableError) {
    return NO_QUEUE;
  }
  if (error instanceof Error && error.name === 'AbortError') {
    return CANCELLED;
  }
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') {
    return FASTIFY_FAILURES[error.code] ?? clientFailureOf(error) ?? INTERNAL;
  }
  return INTERNAL;
}

/** A broken connection or stream of the client's making; Fastify marks these with a 4xx status. */
function clientFailureOf(error: Error): Failure | undefined {
  const status = 'statusCode' in error ? error.statusCode : undefined;
  const isClients = typeof status === 'number' && status >= 400 && status < 500;
  return isClients ? { code: 'BAD_REQUEST', detail: 'The request could not be read.' } : undefined;
}

function libraryFailure(error: LibraryError): Failure {
  if (!isErrorCode(error.code)) {
    return INTERNAL;
  }
  return {
    code: error.code,
    detail: error.message,
    ...('path' in error && { errors: [{ path: String(error.path), message: error.message }] }),
    ...('stage' in error && { stage: error.stage }),
    ...('retryAfterSeconds' in error && { retryAfterSeconds: error.retryAfterSeconds }),
  };
}

/** The body of an error answer (RFC 9457); `error` repeats the detail for Open Inference Protocol clients. */
export function problemBody(failure: Failure, instance: string, requestId: string): string {
  const { status, title } = HTTP_ERRORS[failure.code];
  return JSON.stringify({
    type: `urn:falcon:error:${failure.code}`,
    title,
    status,
    detail: failure.detail,
    instance,
    code: failure.code,
    request_id: requestId,
    error: failure.detail,
    ...(failure.stage !== undefined && { stage: failure.stage }),
    ...(failure.errors && { errors: failure.errors }),
  });
}

/** Statuses that always come with Retry-After. */
export const RETRYABLE: ReadonlySet<number> = new Set([409, 429, 503]);

/** Headers of an error answer besides its type. */
export function problemHeaders(failure: Failure): Record<string, string> {
  const isWorthTryingAgain = RETRYABLE.has(HTTP_ERRORS[failure.code].status);
  return {
    ...failure.headers,
    ...(isWorthTryingAgain && { 'Retry-After': String(Math.max(1, Math.ceil(failure.retryAfterSeconds ?? 1))) }),
  };
}
