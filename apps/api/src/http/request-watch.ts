import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { parseTraceparent, type AccessLog, type LogFields, type RequestEnd, type Tracing } from '@app/ops';
import { knownTenant } from './caller.js';
import { clientAddress } from './client-address.js';
import { exchangeOf, type Exchange, type ExchangeWatch } from './exchange.js';

type Done = (error?: Error) => void;

/** Route of what no route took. */
const UNMATCHED = 'unmatched';

/** Tells log and traces of requests: by route, never by URL, because callers put texts and keys there. */
export class RequestWatch implements ExchangeWatch {
  constructor(
    private readonly accessLog: AccessLog,
    private readonly tracing: Tracing | undefined,
  ) {}

  /** Begins the trace of a request, of which its gates are the first part; gives what to call behind them. */
  begin(request: FastifyRequest, reply: FastifyReply, done: Done): Done {
    const exchange = exchangeOf(reply.raw);
    if (!this.tracing || !exchange) {
      return done;
    }
    const { startedMs: startMs } = exchange;
    const route = routeOf(request);
    const trace = this.tracing.begin({
      name: `${request.method} ${route}`,
      traceparent: headerOf(request.raw, 'traceparent'),
      tracestate: headerOf(request.raw, 'tracestate'),
      startMs,
      attributes: { 'http.request.method': request.method, 'http.route': route, 'falcon.request_id': request.id },
    });
    exchange.trace = trace;
    reply.header('traceparent', trace.traceparent);
    const gates = trace.span?.child('gates', {}, startMs);
    return !gates
      ? done
      : (error) => {
          gates.end(error);
          done(error);
        };
  }

  ended(exchange: Exchange, response: ServerResponse, end: RequestEnd): void {
    if (this.accessLog.wants(end)) {
      this.accessLog.write(end, fieldsOf(exchange, response));
    }
    const span = exchange.trace?.span;
    if (span) {
      span.set({
        'http.response.status_code': end.status,
        'falcon.tenant': exchange.request && knownTenant(exchange.request.raw),
      });
      span.end(end.status >= 500 ? { code: exchange.failure?.code ?? String(end.status) } : undefined);
    }
  }
}

/** What a log line about a request says of it. */
export function requestFields(request: FastifyRequest, exchange: Exchange | undefined): LogFields {
  const { id, raw } = request;
  return {
    request_id: id,
    trace_id: exchange?.trace?.traceId ?? parseTraceparent(headerOf(raw, 'traceparent'))?.traceId,
    tenant: knownTenant(raw),
  };
}

function fieldsOf(exchange: Exchange, response: ServerResponse): LogFields {
  const { request, failure } = exchange;
  if (!request) {
    return {};
  }
  return {
    ...requestFields(request, exchange),
    method: request.method,
    route: routeOf(request),
    client_ip: clientAddress(request),
    code: failure?.code,
    // What a caller did wrong is told in the caller's words.
    ...(response.statusCode >= 500 && { reason: failure?.detail, stage: failure?.stage, errors: failure?.errors }),
  };
}

function routeOf(request: FastifyRequest): string {
  return request.is404 ? UNMATCHED : (request.routeOptions.url ?? UNMATCHED);
}

function headerOf({ headers }: IncomingMessage, name: 'traceparent' | 'tracestate'): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}
