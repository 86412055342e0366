import { Catch, NotFoundException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Log } from '@app/ops';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HTTP_ERRORS } from '../http-errors.js';
import { failureOf, PROBLEM_TYPE, problemBody, problemHeaders } from './problem.js';
import type { RouteTable } from './route-table.js';

/** Under overload or in maintenance there are thousands of these a second; metrics count them. */
const QUIET = new Set(['OVERLOADED', 'CIRCUIT_OPEN', 'BULKHEAD_FULL', 'MAINTENANCE']);

/** Answers every failure as problem+json, and logs those that are the server's. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly log: Log,
    private readonly routes: RouteTable,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    // The router throws Nest's own exception, and so does a probe of a check that does not exist.
    this.answer(error instanceof NotFoundException ? this.refusal(request) : error, request, reply);
  }

  /** Also called for what Fastify refuses before Nest sees the request. */
  answer(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const failure = failureOf(error);
    const { status } = HTTP_ERRORS[failure.code];
    if (status >= 500 && !QUIET.has(failure.code)) {
      const fields = { request_id: request.id, code: failure.code, error };
      if (status === 500) {
        this.log.error('The request failed', fields);
      } else {
        this.log.warning('The request was refused', { ...fields, error: failure.detail });
      }
    }
    if (!reply.sent) {
      void reply
        .code(status)
        .headers(problemHeaders(failure))
        .type(PROBLEM_TYPE)
        .send(problemBody(failure, pathOf(request.raw.url), request.id));
    }
  }

  private refusal(request: FastifyRequest): Error {
    return this.routes.refusal(request.method, pathOf(request.raw.url));
  }
}

/** The path asked for, without its query. */
export function pathOf(url = '/'): string {
  const end = url.search(/[?#]/);
  return end === -1 ? url : url.slice(0, end);
}
