import type { FastifyReply, FastifyRequest } from 'fastify';
import type { MaintenanceMode } from '@app/ops';
import {
  LoadShedder,
  rateLimitHeaders,
  RateLimiter,
  RateLimitMetrics,
  type Permit,
  type Priority,
  type RateDecision,
  type Refusal,
} from '@app/resilience';
import { accessOf } from '../auth/access.js';
import type { Authenticator } from '../auth/authenticator.js';
import { HttpError } from '../http-errors.js';
import { callerOf, identifyCaller, type Caller } from '../http/caller.js';
import { tellOutcome } from '../http/exchange.js';

/** When to ask again where an operator holds the circuit open: nobody knows until when, as in maintenance. */
const HELD_OPEN_SECONDS = 60;

/** What stands before the routes; a gate that is absent is open. */
export interface GateParts {
  authenticator: Authenticator;
  rateLimiter?: RateLimiter | undefined;
  rateLimitMetrics: RateLimitMetrics;
  maintenance: MaintenanceMode;
  loadShedder?: LoadShedder | undefined;
  /** Status of a request that is shed. */
  shedStatus: 429 | 503;
  /** Whether every request is refused, for drills and emergencies. */
  isCircuitForcedOpen: boolean;
}

/** Lets a request in, or says why not: it throws what its sender did wrong, and gives the server's own reasons. */
export type Gate = (
  request: FastifyRequest,
  reply: FastifyReply,
) => HttpError | undefined | Promise<HttpError | undefined>;

/**
 * Refuses early and cheaply: before the body is read. Order: who asks, the tenant's rate, maintenance, the server's load.
 * What is let in takes its place when its body is complete: one that is sent slowly, or never, takes none from others.
 * Only routes that ask a model are refused for anything but who asks. Such refusals are given, not thrown: V8 never
 * optimises a function that ends by throwing, and under overload most calls end so.
 */
export class Gates {
  constructor(private readonly parts: GateParts) {}

  /** Undefined: nothing is shed. */
  get loadShedder(): LoadShedder | undefined {
    return this.parts.loadShedder;
  }

  /** What stands before a route; undefined before one that is open to all. */
  of(route: string): Gate | undefined {
    const access = accessOf(route);
    if (access === 'open') {
      return undefined;
    }
    return access === 'infer'
      ? (request, reply) => this.enter(request, reply)
      : ({ raw }) => {
          identifyCaller(raw, this.parts.authenticator.admit(raw, access));
          return undefined;
        };
  }

  /** What stands between a body and its handler; undefined where nothing does. */
  ofBody(route: string): Gate | undefined {
    const { loadShedder } = this.parts;
    return loadShedder && accessOf(route) === 'infer'
      ? (request, reply) => this.takePlace(loadShedder, request, reply)
      : undefined;
  }

  /**
   * @returns CIRCUIT_OPEN, RATE_LIMITED, MAINTENANCE or OVERLOADED
   * @throws {HttpError} UNAUTHENTICATED, FORBIDDEN or INVALID_HEADER
   */
  private enter({ raw }: FastifyRequest, reply: FastifyReply): ReturnType<Gate> {
    const key = this.parts.authenticator.admit(raw, 'infer');
    identifyCaller(raw, key);
    const caller = callerOf(raw);
    if (this.parts.isCircuitForcedOpen) {
      const detail = 'The circuit is held open by the operator (CIRCUIT_OPEN).';
      return new HttpError('CIRCUIT_OPEN', detail, { retryAfterSeconds: HELD_OPEN_SECONDS });
    }
    // No tenant has a colon in its name.
    const bucket = key?.rateLimit ? `key:${key.id}` : caller.tenant;
    const decision = this.parts.rateLimiter?.take(bucket, key?.rateLimit);
    if (decision instanceof Promise) {
      return decision.then((decided) => this.pass(caller, reply, decided));
    }
    return this.pass(caller, reply, decision);
  }

  private pass(caller: Caller, reply: FastifyReply, decision: RateDecision | undefined): HttpError | undefined {
    return (decision && this.checkRate(decision, reply)) ?? this.checkMaintenance() ?? this.checkLoad(caller, reply);
  }

  private checkRate(decision: RateDecision, reply: FastifyReply): HttpError | undefined {
    const headers = rateLimitHeaders(decision);
    if (decision.allowed) {
      reply.headers(headers);
      return undefined;
    }
    this.parts.rateLimitMetrics.onLimited();
    const { retryAfterSeconds } = decision;
    return new HttpError('RATE_LIMITED', 'The tenant has made too many requests.', { headers, retryAfterSeconds });
  }

  private checkMaintenance(): HttpError | undefined {
    const retryAfterSeconds = this.parts.maintenance.retryAfterSeconds();
    return retryAfterSeconds === undefined
      ? undefined
      : new HttpError('MAINTENANCE', 'maintenance', { retryAfterSeconds });
  }

  private checkLoad({ priority }: Caller, reply: FastifyReply): HttpError | undefined {
    const refusal = this.parts.loadShedder?.refusal(priority);
    return refusal && this.shed(refusal, priority, reply);
  }

  private takePlace(loadShedder: LoadShedder, { raw }: FastifyRequest, reply: FastifyReply): HttpError | undefined {
    if (reply.raw.destroyed) {
      return undefined; // its client has left, and nothing would tell when to give the place back
    }
    const { priority } = callerOf(raw);
    const admission = loadShedder.acquire(priority);
    if (!admission.admitted) {
      return this.shed(admission, priority, reply);
    }
    releaseAtEnd(reply, admission);
    return undefined;
  }

  private shed({ reason, retryAfterSeconds }: Refusal, priority: Priority, reply: FastifyReply): HttpError {
    tellOutcome(reply.raw, 'bad');
    const code = this.parts.shedStatus === 429 ? 'SHED' : 'OVERLOADED';
    const detail = `The server has enough to do (${reason}); "${priority}" has to wait.`;
    return new HttpError(code, detail, { retryAfterSeconds });
  }
}

/** Only what was answered well says how long the server takes; a deadline that passed says that it takes too long. */
function releaseAtEnd({ raw }: FastifyReply, permit: Permit): void {
  raw.on('close', () => {
    const { statusCode } = raw;
    permit.release(raw.writableFinished && statusCode < 400 ? 'answered' : statusCode === 504 ? 'dropped' : 'ignored');
  });
}
