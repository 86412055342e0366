import { Controller, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { parseBody } from '../http/parse-body.js';
import { tellOutcome } from '../http/exchange.js';
import { elapsedMs, requestContext, type RequestContext } from '../http/request-context.js';
import { SETTINGS, type Settings } from '../settings.js';
import {
  batchRequestSchema,
  inferRequestSchema,
  type BatchRequest,
  type BatchResponse,
  type InferRequest,
  type InferResponse,
} from './infer.schema.js';
import { askedTexts } from './infer-audit.js';
import { InferService } from './infer.service.js';
import { OnceOnly } from './once-only.js';
import {
  isRendered,
  isRenderedBatch,
  renderAgain,
  renderBatch,
  type BatchCircumstances,
  type Circumstances,
  type Rendered,
} from './rendered.js';

const JSON_TYPE = 'application/json; charset=utf-8';

/**
 * The HTTP door of text classifiers. The handlers read the request and send the answer themselves: Nest's pipes and its
 * handling of results cost a seventh of the server's CPU per request, and these two routes are where that counts.
 */
@Controller('infer')
export class InferController {
  constructor(
    private readonly infer: InferService,
    private readonly onceOnly: OnceOnly,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  @Post()
  @HttpCode(200)
  async one(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const body = parseBody(inferRequestSchema, request.body);
    const context = this.contextOf(request, reply);
    const work = { route: '/infer', body, ...this.once(body, context) };
    const { answer, json } = await this.onceOnly.run(work, context, () => keysUnavailable(reply));
    if (answer.mode !== 'fresh') {
      sayDegraded(reply, answer.mode);
    }
    void reply.header('content-type', JSON_TYPE).send(json);
  }

  @Post('batch')
  @HttpCode(200)
  async batch(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const body = parseBody(batchRequestSchema, request.body);
    const context = this.contextOf(request, reply);
    const work = { route: '/infer/batch', body, ...this.onceInBatch(body, context) };
    const { answer, json } = await this.onceOnly.run(work, context, () => keysUnavailable(reply));
    const degraded = answer.results.find(({ mode }) => mode !== 'fresh');
    if (degraded) {
      sayDegraded(reply, degraded.mode);
    }
    void reply.header('content-type', JSON_TYPE).send(json);
  }

  private once(body: InferRequest, context: RequestContext) {
    return {
      run: () => this.infer.one(body, context),
      isAnswer: isRendered,
      replay: async (stored: InferResponse): Promise<Rendered<Circumstances>> => {
        if (!isWanted(stored, context)) {
          return this.infer.one(body, context);
        }
        const answer = again(stored, context);
        await this.infer.replayed([body], [answer], context);
        return answer;
      },
      refuse: (error: unknown) => this.infer.failure([body], error, context),
    };
  }

  private onceInBatch(body: BatchRequest, context: RequestContext) {
    const asked = () => askedTexts(body);
    return {
      run: () => this.infer.batch(body, context),
      isAnswer: isRenderedBatch,
      replay: async ({ results: stored, ...rest }: BatchResponse): Promise<Rendered<BatchCircumstances>> => {
        if (!stored.every((result) => isWanted(result, context))) {
          return this.infer.batch(body, context);
        }
        const results = stored.map((result) => again(result, context));
        await this.infer.replayed(asked(), results, context);
        return renderBatch(results, {
          ...rest,
          processing_time_ms: elapsedMs(context),
          request_id: context.requestId,
        });
      },
      refuse: (error: unknown) => this.infer.failure(asked(), error, context),
    };
  }

  private contextOf(request: FastifyRequest, reply: FastifyReply): RequestContext {
    return requestContext(request, reply.raw, this.settings.requestTimeoutMs);
  }
}

/** Whether the caller may have it: a key does not make up for an answer that would not have been given. */
function isWanted({ mode }: InferResponse, { allowDegraded }: RequestContext): boolean {
  return allowDegraded || mode === 'fresh';
}

/** The answer of an earlier request as the answer of this one. */
function again(stored: InferResponse, context: RequestContext): Rendered<Circumstances> {
  return renderAgain({
    ...stored,
    idempotency_hit: true,
    processing_time_ms: elapsedMs(context),
    request_id: context.requestId,
  });
}

function sayDegraded(reply: FastifyReply, mode: string): void {
  tellOutcome(reply.raw, 'degraded');
  void reply.header('X-Falcon-Mode', mode);
}

function keysUnavailable(reply: FastifyReply): void {
  void reply.header('Idempotency-Status', 'unavailable');
}
