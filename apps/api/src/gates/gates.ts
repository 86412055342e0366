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
import { HttpError } from '../http-errors.js';
import { callerOf, type Caller } from '../http/caller.js';

/** What stands before the routes that ask a model; a gate that is absent is open. */
export interface GateParts {
  rateLimiter?: RateLimiter | undefined;
  rateLimitMetrics: RateLimitMetrics;
  maintenance: MaintenanceMode;
  loadShedder?: LoadShedder | undefined;
  /** Status of a request that is shed. */
  shedStatus: 429 | 503;
  /** Whether every request is refused, for drills and emergencies. */
  isCircuitForcedOpen: boolean;
}

/**
 * Refuses early and cheaply: before the body is read. Order: who asks, the tenant's rate, maintenance, the server's load.
 */
export class Gates {
  constructor(private readonly parts: GateParts) {}

  /**
   * Lets a request in, or throws why not.
   * @throws {HttpError} INVALID_HEADER, CIRCUIT_OPEN, RATE_LIMITED, MAINTENANCE or OVERLOADED
   */
  enter({ raw }: FastifyRequest, reply: FastifyReply): void | Promise<void> {
    const caller = callerOf(raw);
    if (this.parts.isCircuitForcedOpen) {
      throw new HttpError('CIRCUIT_OPEN', 'The circuit is held open by the operator (CIRCUIT_OPEN).');
    }
    const decision = this.parts.rateLimiter?.take(caller.tenant);
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
