import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { HttpMetrics, RouteClass, RouteMeter } from '@app/ops';
import { answerConnectionError, type BusySocket, type ConnectionError } from './client-errors.js';
import { MAX_BODY_BYTES, takeJsonBodiesOnly } from './json-body.js';
import type { ProblemFilter } from './problem.filter.js';
import { cutOff, meterResponse } from './request-context.js';
import { requestIdOf } from './request-id.js';
import { RouteTable } from './route-table.js';

const MAX_HEADER_BYTES = 16_384;
/** How often Node looks for requests that are not sent in time; the default of 30 s would be the real limit. */
const SLOW_REQUEST_CHECK_MS = 500;

/** Routes that are not for users; all others are public. */
const ROUTE_CLASSES: Record<string, RouteClass> = {
  '/healthz': 'system',
  '/readyz': 'system',
  '/metrics': 'system',
};

const METERED_METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** The HTTP server under Nest: limits, request ids, metering, and the answers to what never reaches a route. */
export class HttpServer extends FastifyAdapter {
  readonly routes = new RouteTable();
  private metrics?: HttpMetrics;
  private filter?: ProblemFilter;
  private readonly unmatched = new Map<string, RouteMeter>();

  constructor(bodyTimeoutMs: number) {
    super({
      bodyLimit: MAX_BODY_BYTES,
      requestTimeout: bodyTimeoutMs,
      http: {
        maxHeaderSize: MAX_HEADER_BYTES,
        headersTimeout: bodyTimeoutMs,
        connectionsCheckingInterval: SLOW_REQUEST_CHECK_MS,
      },
      genReqId: requestIdOf,
      // A request that comes in on an open connection while the server stops is still answered, with "Connection: close".
      return503OnClosing: false,
      forceCloseConnections: 'idle',
      skipMiddie: true,
      clientErrorHandler: (error: ConnectionError, socket: BusySocket) => this.onConnectionError(error, socket),
      frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) =>
        this.onUnroutable(error, request, reply),
    });
    const server = this.getInstance<FastifyInstance>();
    takeJsonBodiesOnly(server);
    server.addHook('onRoute', (route) => {
      const methods = [route.method].flat();
      this.routes.add(route.url, methods);
      // A function per route, so that a request finds its meter without a look-up.
      let meter: RouteMeter | undefined;
      route.onRequest = (_request, reply, done) => {
        meter ??= this.meter(methods[0] ?? 'GET', route.url);
        meterResponse(reply.raw, meter);
        done();
      };
    });
    server.addHook('onRequest', (request, reply, done) => {
      reply.header('X-Request-ID', request.id);
      if (request.is404) {
        meterResponse(reply.raw, this.unmatchedMeter(request.method));
      }
      done();
    });
  }

  /** Hands over what only exists once Nest has built it; must be called before the server listens. */
  attach(metrics: HttpMetrics, filter: ProblemFilter): void {
    this.metrics = metrics;
    this.filter = filter;
  }

  /** Nest would make an exception of its own of Fastify's, and lose the code by which we tell them apart. */
  override mapException(error: unknown): unknown {
    return error;
  }

  private meter(method: string, route: string): RouteMeter {
    if (!this.metrics) {
      throw new Error('The server listens before attach() was called.');
    }
    return this.metrics.meter(method, route, ROUTE_CLASSES[route] ?? 'public');
  }

  private unmatchedMeter(method: string): RouteMeter {
    const name = METERED_METHODS.has(method) ? method : 'OTHER';
    let meter = this.unmatched.get(name);
    if (!meter) {
      meter = this.meter(name, 'unmatched');
      this.unmatched.set(name, meter);
    }
    return meter;
  }

  private onConnectionError(error: ConnectionError, socket: BusySocket): void {
    const status = answerConnectionError(error, socket);
    if (status !== undefined && !(socket._httpMessage && cutOff(socket._httpMessage, status))) {
      const meter = this.unmatchedMeter('OTHER');
      meter.started();
      meter.finished(status, 0);
    }
  }

  /** Fastify refuses a URL it cannot decode before any hook has run. */
  private onUnroutable(error: Error, request: FastifyRequest, reply: FastifyReply): void {
    meterResponse(reply.raw, this.unmatchedMeter(request.method));
    reply.header('X-Request-ID', request.id);
    this.filter?.answer(error, request, reply);
  }
}
