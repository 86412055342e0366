import type { ServerResponse } from 'node:http';
import type { FastifyRequest } from 'fastify';
import type { RequestTrace, RouteMeter, TellableOutcome } from '@app/ops';
import type { Failure } from './problem.js';

const METERED = Symbol('meter and start of the request');

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
