import { Controller, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { parseBody } from '../http/parse-body.js';
import { requestContext, type RequestContext } from '../http/request-context.js';
import { SETTINGS, type Settings } from '../settings.js';
import { batchRequestSchema, inferRequestSchema } from './infer.schema.js';
import { InferService } from './infer.service.js';

/**
 * The HTTP door of text classifiers. The handlers read the request and send the answer themselves: Nest's pipes and its
 * handling of results cost a seventh of the server's CPU per request, and these two routes are where that counts.
 */
@Controller('infer')
export class InferController {
  constructor(
    private readonly infer: InferService,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  @Post()
  @HttpCode(200)
  async one(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const body = parseBody(inferRequestSchema, request.body);
    void reply.send(await this.infer.one(body, this.contextOf(request, reply)));
  }

  @Post('batch')
  @HttpCode(200)
  async batch(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const body = parseBody(batchRequestSchema, request.body);
    void reply.send(await this.infer.batch(body, this.contextOf(request, reply)));
  }

  private contextOf(request: FastifyRequest, reply: FastifyReply): RequestContext {
    return requestContext(request, reply.raw, this.settings.requestTimeoutMs);
  }
}
