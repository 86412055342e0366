import type { IncomingMessage, Server } from 'node:http';
import { Server as NetServer } from 'node:net';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { MAX_MODEL_NAME_CHARACTERS } from '@app/inference';
import { underServiceLevels, type HttpMetrics, type RouteClass, type RouteMeter, type ServiceLevels } from '@app/ops';
import { accessOf } from '../auth/access.js';
import type { Gates } from '../gates/gates.js';
import { HttpError } from '../http-errors.js';
import { Cors } from './cors.js';
import { answerConnectionError, type BusySocket, type ConnectionError } from './client-errors.js';
import { enter } from './enter.js';
import { MAX_BODY_BYTES, takeJsonBodiesOnly } from './json-body.js';
import type { ProblemFilter } from './problem.filter.js';
import type { RequestWatch } from './request-watch.js';
import { cutOff, meterResponse } from './exchange.js';
import { requestIdOf } from './request-id.js';
import { SECURITY_HEADERS } from './security-headers.js';
import { RouteTable } from './route-table.js';
import { boundUnfinishedBodies } from './unfinished-bodies.js';

const MAX_HEADER_BYTES = 16_384;
/** The longest that a path may have to name is the breaker of a model; Fastify's default of 100 is less. */
const MAX_PARAMETER_CHARACTERS = 'model:'.length + MAX_MODEL_NAME_CHARACTERS;
/** How often Node looks for requests that are not sent in time; the default of 30 s would be the real limit. */
const SLOW_REQUEST_CHECK_MS = 500;
/** How often connections are looked through for those that became idle after the server stopped listening. */
const IDLE_SWEEP_MS = 50;
/** How long a crowd at the port may keep it open when the server stops. */
const ACCEPT_GRACE_MS = 500;
/** The first ends without a look at the port, and a long one may have missed who came after its look. */
const QUIET_TURNS = 4;
/** How long a client that has just connected has to begin its request when the server stops. */
const FIRST_BYTE_GRACE_MS = 100;

/** Routes that are not for users; all others are public. */
const ROUTE_CLASSES: Record<string, RouteClass> = {
  '/healthz': 'system',
  '/readyz': 'system',
  '/metrics': 'system',
};

function classOf(route: string): RouteClass {
  if (/^\/_(health|ops)\//.test(route)) {
    return 'system';
  }
  return route.startsWith('/admin/') ? 'admin' : (ROUTE_CLASSES[route] ?? 'public');
}

const CLOSE = { headers: { Connection: 'close' } };

const METERED_METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** What the server is told. */
export interface HttpServerOptions {
  /** Time for a client to send its request. */
  bodyTimeoutMs: number;
  /** Longest time that a connection may go on without a byte in either direction, unless it is idle between requests. */
  silenceTimeoutMs: number;
  /** Proxies whose X-Forwarded-For is believed. */
  trustedProxies: readonly string[];
  /** Origins whose pages may read answers. */
  corsOrigins: readonly string[];
}

/** What only exists once Nest has built it. */
interface Attached {
  metrics: HttpMetrics;
  filter: ProblemFilter;
  gates: Gates;
  /** Counts what is asked of models. */
  serviceLevels: ServiceLevels;
  watch: RequestWatch;
}

/** The HTTP server under Nest: limits, request ids, metering, and the answers to what never reaches a route. */
export class HttpServer extends FastifyAdapter {
  readonly routes = new RouteTable();
  private handedOver?: Attached;
  private readonly unmatched = new Map<string, RouteMeter>();
  private readonly connections = new Set<BusySocket>();
  private isDraining = false;

  constructor({ bodyTimeoutMs, silenceTimeoutMs, trustedProxies, corsOrigins }: HttpServerOptions) {
    super({
      bodyLimit: MAX_BODY_BYTES,
      routerOptions: { maxParamLength: MAX_PARAMETER_CHARACTERS },
      requestTimeout: bodyTimeoutMs,
      connectionTimeout: silenceTimeoutMs,
      trustProxy: trustedProxies.length > 0 && [...trustedProxies],
      http: {
        maxHeaderSize: MAX_HEADER_BYTES,
        headersTimeout: bodyTimeoutMs,
        requestTimeout: bodyTimeoutMs, // Fastify sets its own too late for Node, which wants the headers' not to be longer
        connectionsCheckingInterval: SLOW_REQUEST_CHECK_MS,
        requireHostHeader: false, // it is required below: Node's own answer has no body
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
    // That of HTTP would also end the check for requests that are not sent in time, and cut answers off: see closeIdle().
    server.server.close = (onClosed) => NetServer.prototype.close.call(server.server, onClosed) as Server;
    // Whoever expects what is unknown here is answered all the same; Node would say 417, without a body.
    server.server.on('checkExpectation', (request, response) => server.server.emit('request', request, response));
    takeJsonBodiesOnly(server);
    boundUnfinishedBodies(server);
    this.watchRequests(server, corsOrigins.length > 0 ? new Cors(new Set(corsOrigins)) : undefined);
    server.server.on('connection', (socket) => {
      this.connections.add(socket);
      socket.once('close', () => this.connections.delete(socket));
    });
  }

  /** Gives every request its id and its meter. */
  private watchRequests(server: FastifyInstance, cors: Cors | undefined): void {
    server.addHook('onRoute', (route) => {
      const methods = [route.method].flat();
      this.routes.add(route.url, methods);
      const [method = 'GET'] = methods;
      // Every route has its series from the start; HEAD, which Fastify adds to every GET, has one when it is used.
      let meter = method === 'HEAD' ? undefined : this.meter(method, route.url);
      // A function per route, so that a request finds its meter without a look-up.
      const gate = this.attached.gates.of(route.url);
      // Probes and scrapes come all the time and say nothing.
      const watch = classOf(route.url) === 'system' ? undefined : this.attached.watch;
      route.onRequest = (request, reply, done) => {
        meterResponse(reply.raw, (meter ??= this.meter(method, route.url)), watch, request);
        enter(gate, { request, reply, done: watch?.begin(request, reply, done) ?? done });
      };
      const gateOfBody = this.attached.gates.ofBody(route.url);
      if (gateOfBody) {
        route.preValidation = (request, reply, done) => enter(gateOfBody, { request, reply, done });
      }
    });
    server.addHook('onRequest', (request, reply, done) => {
      reply.header('x-request-id', request.id).headers(SECURITY_HEADERS);
      if (this.isDraining) {
        reply.raw.shouldKeepAlive = false;
      }
      const hostFault = hostFaultOf(request.raw);
      if (request.is404 || hostFault !== undefined) {
        meterResponse(reply.raw, this.unmatchedMeter(request.method), this.attached.watch, request);
      }
      if (hostFault !== undefined) {
        this.attached.filter.answer(new HttpError('BAD_REQUEST', hostFault, CLOSE), request, reply);
        return;
      }
      if (cors?.answer(request, reply)) {
        return;
      }
      if (request.is404) {
        this.attached.filter.refuse(request, reply); // here, where no body has been read yet
      } else {
        done();
      }
    });
  }

  /** From here on each answer says "Connection: close", so that its client's next request goes elsewhere. */
  endConnectionsWithAnswer(): void {
    this.isDraining = true;
    for (const connection of this.connections) {
      endWithAnswer(connection);
    }
  }

  /** From here on a client has so long for its request, or `bodyTimeoutMs` if that is less. */
  limitSending(ms: number): void {
    const server = this.getHttpServer<Server>();
    server.requestTimeout = Math.min(server.requestTimeout, Math.max(1, Math.ceil(ms)));
    server.headersTimeout = server.requestTimeout;
  }

  /** Ends every connection, whatever it is busy with. */
  cutOffAll(): void {
    this.getHttpServer<Server>().closeAllConnections();
  }

  /**
   * Stops listening and resolves when everything in flight is answered: idle connections are closed, the busy ones end with
   * their answer, the silent ones soon, and those that are in the middle of a request when its time to be sent is over.
   */
  override async close(): Promise<void> {
    this.endConnectionsWithAnswer();
    await this.stopListening();
    const closed = super.close();
    const sweep = setInterval(() => this.closeIdle(), IDLE_SWEEP_MS);
    await sleep(FIRST_BYTE_GRACE_MS);
    for (const connection of this.connections) {
      if (connection.bytesRead === 0) {
        connection.destroy();
      }
    }
    await closed.finally(() => clearInterval(sweep));
  }

  /** Node takes a connection for idle whose answer is written but not sent, and throws the rest away: all wait for that one. */
  private closeIdle(): void {
    if (![...this.connections].some(({ _httpMessage: response }) => response?.writableEnded)) {
      this.getHttpServer<Server>().closeIdleConnections();
    }
  }

  /**
   * Closes the port when nobody waits at it: the kernel resets connections that nobody has taken in, and Node takes in one
   * in each turn of the event loop.
   */
  private async stopListening(): Promise<void> {
    const server = this.getHttpServer<Server>();
    const giveUpMs = performance.now() + ACCEPT_GRACE_MS;
    let quietTurns = 0;
    server.on('connection', () => (quietTurns = 0));
    while (quietTurns < QUIET_TURNS && performance.now() < giveUpMs) {
      quietTurns++;
      await turn();
    }
    server.close();
  }

  /** Hands over what only exists once Nest has built it; must be called before routes are registered. */
  attach(attached: Attached): void {
    this.handedOver = attached;
  }

  private get attached(): Attached {
    if (!this.handedOver) {
      throw new Error('A route is registered before attach() was called.');
    }
    return this.handedOver;
  }

  /** Nest would make an exception of its own of Fastify's, and lose the code by which we tell them apart. */
  override mapException(error: unknown): unknown {
    return error;
  }

  private meter(method: string, route: string): RouteMeter {
    const { metrics, serviceLevels } = this.attached;
    const meter = metrics.meter(method, route, classOf(route));
    return accessOf(route) === 'infer' ? underServiceLevels(meter, serviceLevels) : meter;
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
    meterResponse(reply.raw, this.unmatchedMeter(request.method), this.attached.watch, request);
    reply.header('x-request-id', request.id).headers(SECURITY_HEADERS);
    this.attached.filter.answer(error, request, reply);
  }
}

/** What is wrong with the `Host` of a request. Of several, `headers` has the first and nothing of the others. */
function hostFaultOf({ rawHeaders, httpVersion }: IncomingMessage): string | undefined {
  const hosts = rawHeaders.filter((name, k) => k % 2 === 0 && name.length === 4 && name.toLowerCase() === 'host');
  if (hosts.length > 1) {
    return 'There is more than one "Host".';
  }
  return hosts.length === 0 && httpVersion === '1.1' ? 'HTTP/1.1 needs "Host".' : undefined;
}

/** Lets the answer under way say "Connection: close", so that the client does not send another request into the void. */
function endWithAnswer({ _httpMessage: response }: BusySocket): void {
  if (response && !response.headersSent) {
    response.shouldKeepAlive = false;
  }
}
