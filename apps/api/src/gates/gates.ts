import type { FastifyReply, FastifyRequest } from 'fastify';
import type { MaintenanceMode } from '@app/ops';
import {
  LoadShedder,
  rateLimitHeaders,
  RateLimiter,
  RateLimitMetrics,
  type Permit,
  type RateDecision,
} from '@app/resilience';
import { accessOf } from '../auth/access.js';
import type { Authenticator } from '../auth/authenticator.js';
import { HttpError } from '../http-errors.js';
import { callerOf, identifyCaller, type Caller } from '../http/caller.js';
import { tellOutcome } from '../http/request-context.js';

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

/** Lets a request in, or throws why not. */
export type Gate = (request: FastifyRequest, reply: FastifyReply) => void | Promise<void>;

/**
 * Refuses early and cheaply: before the body is read. Order: who asks, the tenant's rate, maintenance, the server's load.
 * Only routes that ask a model are refused for anything but who asks.
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
      : ({ raw }) => identifyCaller(raw, this.parts.authenticator.admit(raw, access));
  }

  /** @throws {HttpError} UNAUTHENTICATED, FORBIDDEN, INVALID_HEADER, CIRCUIT_OPEN, RATE_LIMITED, MAINTENANCE or OVERLOADED */
  private enter({ raw }: FastifyRequest, reply: FastifyReply): void | Promise<void> {
    const key = this.parts.authenticator.admit(raw, 'infer');
    identifyCaller(raw, key);
    const caller = callerOf(raw);
    if (this.parts.isCircuitForcedOpen) {
      throw new HttpError('CIRCUIT_OPEN', 'The circuit is held open by the operator (CIRCUIT_OPEN).');
    }
    // No tenant has a colon in its name.
    const bucket = key?.rateLimit ? `key:${key.id}` : caller.tenant;
    const decision = this.parts.rateLimiter?.take(bucket, key?.rateLimit);
    if (decision instanceof Promise) {
      return decision.then((decided) => this.pass(caller, reply, decided));
    }
    this.pass(caller, reply, decision);
  }

  private pass(caller: Caller, reply: FastifyReply, decision: RateDecision | undefined): void {
    if (decision) {
      this.checkRate(decision, reply);
    }
    this.checkMaintenance();
    const { loadShedder, shedStatus } = this.parts;
    const admission = loadShedder?.acquire(caller.priority);
    if (!admission) {
      return;
    }
    if (!admission.admitted) {
      const { reason, retryAfterSeconds } = admission;
      const code = shedStatus === 429 ? 'SHED' : 'OVERLOADED';
      tellOutcome(reply.raw, 'bad');
      throw new HttpError(code, `The server has enough to do (${reason}); "${caller.priority}" has to wait.`, {
        retryAfterSeconds,
      });
    }
    releaseAtEnd(reply, admission);
  }

  private checkMaintenance(): void {
    const retryAfterSeconds = this.parts.maintenance.retryAfterSeconds();
    if (retryAfterSeconds !== undefined) {
      throw new HttpError('MAINTENANCE', 'maintenance', { retryAfterSeconds });
    }
  }

  private checkRate(decision: RateDecision, reply: FastifyReply): void {
    const headers = rateLimitHeaders(decision);
    if (!decision.allowed) {
      this.parts.rateLimitMetrics.onLimited();
      throw new HttpError('RATE_LIMITED', 'The tenant has made too many requests.', {
        headers,
        retryAfterSeconds: decision.retryAfterSeconds,
      });
    }
    reply.headers(headers);
  }
}

/** Only what was answered well says how long the server takes; a deadline that passed says that it takes too long. */
function releaseAtEnd({ raw }: FastifyReply, permit: Permit): void {
  raw.on('close', () => {
    const { statusCode } = raw;
    permit.release(raw.writableFinished && statusCode < 400 ? 'answered' : statusCode === 504 ? 'dropped' : 'ignored');
  });
}
