import { Inject, Injectable } from '@nestjs/common';
import { AuditUnavailableError } from '@app/audit-log';
import { traced } from '@app/ops';
import { HttpError, type ErrorCode } from '../http-errors.js';
import { failureOf } from '../http/problem.js';
import { elapsedMs, type RequestContext } from '../http/request-context.js';
import { SETTINGS, type Settings } from '../settings.js';
import { askedTexts, InferAudit, type AskedText, type KnownBesides } from './infer-audit.js';
import { InferMetrics } from './infer.metrics.js';
import type { BatchRequest, InferRequest } from './infer.schema.js';
import { ModelAnswers, type Known } from './model-answers.js';
import { render, renderBatch, type BatchCircumstances, type Circumstances, type Rendered } from './rendered.js';

/** What the model fails with on one text, while it answers others. */
const OF_ONE_TEXT: ReadonlySet<ErrorCode> = new Set(['INFERENCE_FAILED', 'WORKER_LOST']);

interface Answered {
  asked: AskedText;
  rendered: Rendered<Circumstances>;
  known: KnownBesides;
}

/** The story of a request: find the answer, put it on record, count it, and give it. */
@Injectable()
export class InferService {
  constructor(
    private readonly answers: ModelAnswers,
    private readonly audit: InferAudit,
    private readonly metrics: InferMetrics,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  async one(asked: InferRequest, context: RequestContext): Promise<Rendered<Circumstances>> {
    try {
      const answered = this.answered(asked, await this.answers.find(asked, context), context);
      await traced(context.span, 'audit', () => this.record(answered, context));
      this.metrics.answered(answered.rendered.answer);
      return answered.rendered;
    } catch (error) {
      throw await this.failure([asked], error, context);
    }
  }

  /**
   * All texts at once, so that they share micro-batches; the first failure calls off the rest. Not so where a breaker lets
   * no more through: what it has let through goes on even if the client leaves, or batches alone would never close it.
   */
  async batch(body: BatchRequest, context: RequestContext): Promise<Rendered<BatchCircumstances>> {
    const asked = askedTexts(body);
    const callOff = new AbortController();
    const bounds = { ...context, signal: callOff.signal };
    const leave = () => callOff.abort();
    context.signal.addEventListener('abort', leave);
    if (context.signal.aborted) {
      leave();
    }
    try {
      const answered = await Promise.all(
        asked.map((text) =>
          this.answers.find(text, bounds).then((known) => this.answered(text, known, context), namingIndex(text)),
        ),
      );
      await this.recordAll(answered, context);
      return renderBatch(
        answered.map(({ rendered }) => rendered),
        {
          worker_id: this.settings.workerId,
          processing_time_ms: elapsedMs(context),
          request_id: context.requestId,
        },
      );
    } catch (error) {
      if (failureOf(error).code !== 'CIRCUIT_OPEN') {
        callOff.abort();
      }
      throw await this.failure(asked, error, context);
    } finally {
      context.signal.removeEventListener('abort', leave);
    }
  }

  /** Puts answers on record that were given before and are given again, because their request came again. */
  async replayed(
    asked: readonly AskedText[],
    answers: readonly Rendered<Circumstances>[],
    context: RequestContext,
  ): Promise<void> {
    const texts = asked.map((text, k): Answered => ({ asked: text, rendered: answers[k]!, known: {} }));
    try {
      await this.recordAll(texts, context);
    } catch (error) {
      throw await this.failure(asked, error, context);
    }
  }

  /** Puts a failure on record, counts it, and gives what to answer: the failure, or that it could not be recorded. */
  async failure(asked: readonly AskedText[], error: unknown, context: RequestContext): Promise<unknown> {
    let told = error;
    if (!(error instanceof AuditUnavailableError)) {
      await traced(context.span, 'audit', () => this.audit.failed(asked, error, context)).catch(
        (unrecorded: unknown) => (told = unrecorded),
      );
    }
    this.metrics.failed(told);
    return told;
  }

  private answered(asked: AskedText, known: Known, context: RequestContext): Answered {
    return { asked, rendered: this.render(known, context), known };
  }

  private render(known: Known, context: RequestContext): Rendered<Circumstances> {
    return render(known.said, {
      cache_hit: known.cacheHit,
      idempotency_hit: false,
      worker_id: this.settings.workerId,
      processing_time_ms: elapsedMs(context),
      mode: known.mode,
      degraded_reason: known.degradedReason,
      age_seconds: known.ageSeconds,
      request_id: context.requestId,
    });
  }

  /** Counts once all are on record: else none is given. */
  private async recordAll(answered: readonly Answered[], context: RequestContext): Promise<void> {
    await traced(context.span, 'audit', () => Promise.all(answered.map((text) => this.record(text, context))));
    answered.forEach(({ rendered }) => this.metrics.answered(rendered.answer));
  }

  private async record({ asked, rendered, known }: Answered, context: RequestContext): Promise<void> {
    await this.audit.answered(asked, rendered.json, known, context);
  }
}

/** A text that the model fails on is named by its place; in an error of its own, because equal texts share that of the model. */
function namingIndex({ index }: AskedText): (error: unknown) => never {
  return (error) => {
    const { code, detail, ...extras } = failureOf(error);
    if (!OF_ONE_TEXT.has(code)) {
      throw error;
    }
    const named = new HttpError(code, detail, { ...extras, errors: [{ path: `texts.${index}`, message: detail }] });
    named.cause = error;
    throw named;
  };
}
