import { Inject, Injectable } from '@nestjs/common';
import { AuditUnavailableError } from '@app/audit-log';
import { InferenceService, InvalidInputError, type TextClassification } from '@app/inference';
import { elapsedMs, type RequestContext } from '../http/request-context.js';
import { SETTINGS, type Settings } from '../settings.js';
import { InferAudit, type AskedText } from './infer-audit.js';
import { InferMetrics } from './infer.metrics.js';
import type { BatchRequest, BatchResponse, InferRequest, InferResponse } from './infer.schema.js';
import { likeliest, rounded } from './probabilities.js';

interface Answered {
  asked: AskedText;
  answer: InferResponse;
  inferenceTimeMs: number;
}

/** The story of a request: ask the model, put its answer on record, count it, and give it. */
@Injectable()
export class InferService {
  constructor(
    private readonly inference: InferenceService,
    private readonly audit: InferAudit,
    private readonly metrics: InferMetrics,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  async one(asked: InferRequest, context: RequestContext): Promise<InferResponse> {
    try {
      const answered = await this.ask(asked, context);
      await this.record(answered, context);
      return answered.answer;
    } catch (error) {
      throw await this.failure([asked], error, context);
    }
  }

  /** All texts at once, so that they share micro-batches; the first failure calls off the rest. */
  async batch({ texts, ...choice }: BatchRequest, context: RequestContext): Promise<BatchResponse> {
    const asked = texts.map((text, index): AskedText => ({ text, ...choice, index }));
    const callOff = new AbortController();
    const bounds = { ...context, signal: AbortSignal.any([context.signal, callOff.signal]) };
    try {
      const answered = await Promise.all(asked.map((text) => this.ask(text, bounds)));
      await Promise.all(answered.map((text) => this.record(text, context)));
      return {
        results: answered.map(({ answer }) => answer),
        worker_id: this.settings.workerId,
        processing_time_ms: elapsedMs(context),
        request_id: context.requestId,
      };
    } catch (error) {
      callOff.abort();
      throw await this.failure(asked, error, context);
    }
  }

  private async ask(asked: AskedText, context: RequestContext): Promise<Answered> {
    try {
      const said = await this.inference.classify(asked.text, asked, context);
      return { asked, answer: this.answer(said, context), inferenceTimeMs: said.inferenceTimeMs };
    } catch (error) {
      throw asked.index === undefined ? error : namingIndex(error, asked.index);
    }
  }

  private answer(said: TextClassification, context: RequestContext): InferResponse {
    return {
      prediction: said.prediction,
      confidence: rounded(said.confidence),
      probabilities: likeliest(said.labels, said.probabilities),
      cache_hit: false,
      idempotency_hit: false,
      worker_id: this.settings.workerId,
      processing_time_ms: elapsedMs(context),
      mode: 'fresh',
      model: said.model,
      model_version: said.version,
      request_id: context.requestId,
    };
  }

  private async record({ asked, answer, inferenceTimeMs }: Answered, context: RequestContext): Promise<void> {
    await this.audit.answered(asked, answer, inferenceTimeMs, context);
    this.metrics.answered(answer.processing_time_ms / 1000);
  }

  /** Puts a failure on record and gives what to answer: the failure, or that it could not be recorded. */
  private async failure(asked: readonly AskedText[], error: unknown, context: RequestContext): Promise<unknown> {
    let told = error;
    if (!(error instanceof AuditUnavailableError)) {
      await this.audit.failed(asked, error, context).catch((unrecorded: unknown) => (told = unrecorded));
    }
    this.metrics.failed(told);
    return told;
  }
}

/** A text the model cannot take is named by its place in the request. */
function namingIndex(error: unknown, index: number): unknown {
  return error instanceof InvalidInputError ? new InvalidInputError(`texts.${index}`, error.message) : error;
}
