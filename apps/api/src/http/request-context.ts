import type { ServerResponse } from 'node:http';
import type { FastifyRequest } from 'fastify';
import type { RequestTrace, RouteMeter, ServiceOutcome, TraceSpan } from '@app/ops';
import { idempotencyKey } from '@app/cache';
import { invalidHeader } from '../http-errors.js';
import { callerOf, type Caller } from './caller.js';
import { clientAddress } from './client-address.js';
import { disconnectSignal } from './disconnect-signal.js';
import type { Failure } from './problem.js';

const METERED = Symbol('meter and start of the request');

/** What a status does not say: the answer is less than a fresh one, or the refusal is the server's own doing. */
export type TellableOutcome = Exclude<ServiceOutcome, 'good'>;

/** What is known of a request from its start to its end. */
export interface Exchange {
  readonly request: FastifyRequest | undefined;
  readonly startedMs: number;
  /** Undefined where requests are not traced. */
  trace: RequestTrace | undefined;
  /** What it was answered instead of what was asked for. */
  failure: Failure | undefined;
}

/** Is told how a request ended. */
export interface ExchangeWatch {
  ended(exchange: Exchange, response: ServerResponse, end: { status: number; durationMs: number }): void;
}

interface Metered extends Exchange {
  meter: RouteMeter;
  cutOffStatus: number;
  told: TellableOutcome | undefined;
  watch: ExchangeWatch | undefined;
}

interface MeteredResponse extends ServerResponse {
  [METERED]?: Metered;
}

/** Status under which a request is counted whose client left before the answer. */
const CLIENT_LEFT = 499;

/** Starts counting a request; it ends with its response, whether that was sent or cut off. */
export function meterResponse(
  response: MeteredResponse,
  meter: RouteMeter,
  watch?: ExchangeWatch,
  request?: FastifyRequest,
): void {
  meter.started();
  response[METERED] = {
    request,
    startedMs: performance.now(),
    trace: undefined,
    failure: undefined,
    meter,
    cutOffStatus: CLIENT_LEFT,
    told: undefined,
    watch,
  };
  // Not once(): it is emitted once anyway, and once() would wrap the listener anew for every request.
  response.on('close', onClose);
}

function onClose(this: MeteredResponse): void {
  const metered = this[METERED];
  if (metered) {
    const status = this.writableFinished ? this.statusCode : metered.cutOffStatus;
    const durationMs = performance.now() - metered.startedMs;
    metered.meter.finished(status, durationMs / 1000, metered.told);
    metered.watch?.ended(metered, this, { status, durationMs });
  }
}

/** Says that the server itself ends this response early, and with which status; false if it is not counted here. */
export function cutOff(response: MeteredResponse, status: number): boolean {
  const metered = response[METERED];
  if (metered) {
    metered.cutOffStatus = status;
  }
  return metered !== undefined;
}

/** Says of a response what its status does not. */
export function tellOutcome(response: MeteredResponse, outcome: TellableOutcome): void {
  if (response[METERED]) {
    response[METERED].told = outcome;
  }
}

/** What is known of the request that this answers; undefined if it is not counted. */
export function exchangeOf(response: MeteredResponse): Exchange | undefined {
  return response[METERED];
}

/** When the request came in, as `performance.now()` had it. */
export function startOf(response: MeteredResponse): number {
  return response[METERED]?.startedMs ?? performance.now();
}

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
export const TIMEOUT_HEADER = 'x-request-timeout-ms';

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
    idempotencyKey: keyOf(request),
    ...callerOf(request.raw),
  };
}

function keyOf({ raw }: FastifyRequest): string | undefined {
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
