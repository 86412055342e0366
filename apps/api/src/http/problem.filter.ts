import { Catch, NotFoundException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Log } from '@app/ops';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HTTP_ERRORS } from '../http-errors.js';
import { failureOf, PROBLEM_TYPE, problemBody, problemHeaders } from './problem.js';
import { exchangeOf } from './exchange.js';
import { requestFields } from './request-watch.js';
import type { RouteTable } from './route-table.js';

/** Answers every failure as problem+json, and logs those that nobody thought of; the access log has the others. */
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
    if (error instanceof NotFoundException) {
      this.refuse(request, reply); // a probe of a check that does not exist throws Nest's own exception
    } else {
      this.answer(error, request, reply);
    }
  }

  /** Answers what no route takes. */
  refuse(request: FastifyRequest, reply: FastifyReply): void {
    this.answer(this.routes.refusal(request.method, pathOf(request.raw.url)), request, reply);
  }

  /** Also called for what Fastify refuses before Nest sees the request. */
  answer(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const failure = failureOf(error);
    const { status } = HTTP_ERRORS[failure.code];
    const exchange = exchangeOf(reply.raw);
    if (exchange) {
      exchange.failure = failure;
    }
    if (status === 500) {
      this.log.error('The request failed', { ...requestFields(request, exchange), code: failure.code, error });
    }
    if (!reply.sent) {
      void reply
        .code(status)
        .headers(problemHeaders(failure))
        .type(PROBLEM_TYPE)
        .send(problemBody(failure, pathOf(request.raw.url), request.id));
    }
  }
}

/** The path asked for, without its query, and without the host of a request as proxies are sent it. */
export function pathOf(url = '/'): string {
  const end = url.search(/[?#]/);
  const path = end === -1 ? url : url.slice(0, end);
  return path.replace(/^https?:\/\/[^/]*/i, '') || '/';
}
