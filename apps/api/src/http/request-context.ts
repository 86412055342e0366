import type { ServerResponse } from 'node:http';
import type { FastifyRequest } from 'fastify';
import type { TraceSpan } from '@app/ops';
import { idempotencyKey } from '@app/cache';
import { invalidHeader } from '../http-errors.js';
import { callerOf, type Caller } from './caller.js';
import { clientAddress } from './client-address.js';
import { disconnectSignal } from './disconnect-signal.js';
import { exchangeOf, startOf } from './exchange.js';

/** Who asks, what bounds the work on a request, and what it is called. */
export interface RequestContext extends Caller {
  requestId: string;
  startedMs: number;
  deadlineMs: number;
  signal: AbortSignal;
  /** Address of the client; undefined when it is gone. */
  clientAddress: string | undefined;
  /** What the parts of the work become parts of; undefined when the request is not traced. */
  span?: TraceSpan | undefined;
  /** Under which the caller may ask the same again. */
  idempotencyKey: string | undefined;
}

/** Time since the request came in, to the microsecond: more digits are noise that every answer would carry. */
export function elapsedMs({ startedMs }: RequestContext): number {
  return Math.round((performance.now() - startedMs) * 1000) / 1000;
}

/** Name of the header by which a caller shortens the deadline of its request. */
const TIMEOUT_HEADER = 'x-request-timeout-ms';

/**
 * Reads what bounds the work on a request.
 * @throws {HttpError} INVALID_HEADER when a header has a value that cannot be
 */
export function requestContext(
  request: FastifyRequest,
  response: ServerResponse,
  maxTimeoutMs: number,
): RequestContext {
  const startedMs = startOf(response);
  const given = request.raw.headers[TIMEOUT_HEADER];
  return {
    requestId: request.id,
    startedMs,
    deadlineMs: startedMs + (given === undefined ? maxTimeoutMs : parseTimeoutMs(String(given), maxTimeoutMs)),
    signal: disconnectSignal(request.raw.socket),
    clientAddress: clientAddress(request),
    span: exchangeOf(response)?.trace?.span,
    idempotencyKey: idempotencyKeyOf(request),
    ...callerOf(request.raw),
  };
}

function idempotencyKeyOf({ raw }: FastifyRequest): string | undefined {
  const header = idempotencyKey(raw.headers);
  if (header.state === 'malformed') {
    invalidHeader(header.header, header.expected);
  }
  return header.state === 'given' ? header.key : undefined;
}

function parseTimeoutMs(value: string, maxTimeoutMs: number): number {
  const timeoutMs = /^\d{1,9}$/.test(value) ? Number(value) : 0;
  if (timeoutMs < 1 || timeoutMs > maxTimeoutMs) {
    invalidHeader(TIMEOUT_HEADER, `must be a whole number of milliseconds from 1 to ${maxTimeoutMs}`);
  }
  return timeoutMs;
}
