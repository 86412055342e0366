import { Inject, Injectable } from '@nestjs/common';
import { InferenceService, InvalidInputError, type TextClassification } from '@app/inference';
import type { RequestContext } from '../http/request-context.js';
import { SETTINGS, type Settings } from '../settings.js';
import { InferMetrics } from './infer.metrics.js';
import type { BatchRequest, BatchResponse, InferRequest, InferResponse } from './infer.schema.js';
import { likeliest, rounded } from './probabilities.js';

/** The story of a request: ask the model, count it, say what it said. */
@Injectable()
export class InferService {
  constructor(
    private readonly inference: InferenceService,
    private readonly metrics: InferMetrics,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  async one(body: InferRequest, context: RequestContext): Promise<InferResponse> {
    try {
      return this.answer(await this.inference.classify(body.text, body, context), context);
    } catch (error) {
      this.metrics.failed(error);
      throw error;
    }
  }

  /** All texts at once, so that they share micro-batches; the first failure calls off the rest. */
  async batch(body: BatchRequest, context: RequestContext): Promise<BatchResponse> {
    const callOff = new AbortController();
    const signal = AbortSignal.any([context.signal, callOff.signal]);
    try {
      const results = await Promise.all(
        body.texts.map(async (text, index) => {
          const said = await this.inference
            .classify(text, body, { signal, deadlineMs: context.deadlineMs })
            .catch((error: unknown) => Promise.reject(namingIndex(error, index)));
          return this.answer(said, context);
        }),
      );
      return {
        results,
        worker_id: this.settings.workerId,
        processing_time_ms: elapsedMs(context),
        request_id: context.requestId,
      };
    } catch (error) {
      callOff.abort();
      this.metrics.failed(error);
      throw error;
    }
  }

  private answer(said: TextClassification, context: RequestContext): InferResponse {
    const processingTimeMs = elapsedMs(context);
    this.metrics.answered(processingTimeMs / 1000);
    return {
      prediction: said.prediction,
      confidence: rounded(said.confidence),
      probabilities: likeliest(said.labels, said.probabilities),
      cache_hit: false,
      idempotency_hit: false,
      worker_id: this.settings.workerId,
      processing_time_ms: processingTimeMs,
      mode: 'fresh',
      model: said.model,
      model_version: said.version,
      request_id: context.requestId,
    };
  }
}

/** To the microsecond: more digits are noise that every answer would carry. */
function elapsedMs(context: RequestContext): number {
  return Math.round((performance.now() - context.startedMs) * 1000) / 1000;
}

/** A text the model cannot take is named by its place in the request. */
function namingIndex(error: unknown, index: number): unknown {
  return error instanceof InvalidInputError ? new InvalidInputError(`texts.${index}`, error.message) : error;
}
