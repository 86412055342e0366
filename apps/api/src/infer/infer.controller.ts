import { Body, Controller, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { BodyPipe } from '../http/body.pipe.js';
import { requestContext, type RequestContext } from '../http/request-context.js';
import { SETTINGS, type Settings } from '../settings.js';
import {
  batchRequestSchema,
  inferRequestSchema,
  type BatchRequest,
  type BatchResponse,
  type InferRequest,
  type InferResponse,
} from './infer.schema.js';
import { InferService } from './infer.service.js';

/** The HTTP door of text classifiers. */
@Controller('infer')
export class InferController {
  constructor(
    private readonly infer: InferService,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  @Post()
  @HttpCode(200)
  one(
    @Body(new BodyPipe(inferRequestSchema)) body: InferRequest,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<InferResponse> {
    return this.infer.one(body, this.contextOf(request, reply));
  }

  @Post('batch')
  @HttpCode(200)
  batch(
    @Body(new BodyPipe(batchRequestSchema)) body: BatchRequest,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<BatchResponse> {
    return this.infer.batch(body, this.contextOf(request, reply));
  }

  private contextOf(request: FastifyRequest, reply: FastifyReply): RequestContext {
    return requestContext(request, reply.raw, this.settings.requestTimeoutMs);
  }
}
