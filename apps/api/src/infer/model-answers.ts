import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { AnswerCache, cacheKey, type Question } from '@app/cache';
import { InferenceService, type TextClassification } from '@app/inference';
import { traced, type TraceSpan } from '@app/ops';
import { InjectPolicyFamily, PolicyFamily, type Priority } from '@app/resilience';
import { DEGRADING_ERROR_CODES, type DegradingErrorCode } from '../http-errors.js';
import { failureOf } from '../http/problem.js';
import type { RequestContext } from '../http/request-context.js';
import { SETTINGS, type Settings } from '../settings.js';
import type { InferRequest, InferResponse } from './infer.schema.js';
import { readSaid, saidJson, writeSaid } from './said.js';

/** What is known of a text: what a model said of it, now or before, or what stands in for that. */
export interface Known {
  /** JSON of a `Said`. */
  said: string;
  /** SHA-256 of the text as it came, where somebody had to compute it. */
  textHash?: string | undefined;
  /** Time that the batch took; absent when nothing was computed for this answer. */
  inferenceTimeMs?: number | undefined;
  mode: InferResponse['mode'];
  cacheHit: boolean;
  degradedReason?: DegradingErrorCode;
  ageSeconds?: number;
}

/** Those who bound the model's work report where the time ran out; whoever only waits for them waits a little longer. */
const GRACE_MS = 20;
/**
 * A text goes before those of lower priority that came up to so much earlier, so that none of them waits for ever. What is
 * critical goes before all that load shedding lets wait.
 */
const HEAD_START_MS: Record<Priority, number> = { low: 0, normal: 50, high: 150, critical: 2000 };

/** Finds the answer to a text: in the cache, from the model, or, when that fails, in what is left. */
@Injectable()
export class ModelAnswers implements OnApplicationBootstrap {
  constructor(
    private readonly inference: InferenceService,
    @InjectPolicyFamily('model') private readonly policies: PolicyFamily,
    private readonly answers: AnswerCache,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** Operators and dashboards see the breaker of a model before anybody has asked it. */
  onApplicationBootstrap(): void {
    const makeAll = () => this.inference.models().forEach(({ name }) => this.policies.of(name));
    this.inference.whenLoaded().then(makeAll, () => undefined); // a start that fails is told by whoever started it
  }

  private get cache(): AnswerCache | undefined {
    return this.settings.cache.answersEnabled ? this.answers : undefined;
  }

  /** @throws {ModelNotFoundError} or {ModelVersionNotFoundError} at once; else it rejects with why nothing has answered. */
  find(asked: InferRequest, context: RequestContext): Promise<Known> {
    const { model, version } = this.inference.find(asked);
    const question: Question = { text: asked.text, model, version };
    return this.cache ? this.cached(question, this.cache, context) : this.uncached(question, context);
  }

  private async uncached(question: Question, context: RequestContext): Promise<Known> {
    try {
      const classification = await this.ask(question, context);
      const { inferenceTimeMs } = classification;
      return { said: saidJson(classification), inferenceTimeMs, mode: 'fresh', cacheHit: false };
    } catch (error) {
      return this.degraded(question, undefined, { error, context });
    }
  }

  private async cached(
    question: Question,
    cache: AnswerCache,
    context: RequestContext,
    isSecondTime = false,
  ): Promise<Known> {
    const { key, textHash } = cacheKey(question);
    const { deadlineMs, signal, span, priority } = context;
    const lookup = span?.child('cache');
    let isOurs = false;
    const compute = (wanted: AbortSignal): Promise<string> => {
      isOurs = true;
      endLookup(lookup, 'miss');
      return this.ask(question, { deadlineMs, signal: wanted, span, priority }).then(writeSaid);
    };
    const bounds = { signal, deadlineMs: deadlineMs + GRACE_MS };
    try {
      const { value, origin } = await cache.getOrCompute(key, compute, bounds);
      if (origin !== 'computed') {
        endLookup(lookup, origin === 'cache' ? 'hit' : 'shared');
      }
      const { said, inferenceTimeMs } = readSaid(value);
      const cacheHit = origin === 'cache';
      const timeMs = cacheHit ? undefined : inferenceTimeMs;
      return { said, textHash, inferenceTimeMs: timeMs, mode: 'fresh', cacheHit };
    } catch (error) {
      lookup?.end(error);
      const isOfAnother =
        isDeadlineOfAnother(error, context) || (!isSecondTime && isRefusalOfAnother(error, context.priority));
      return !isOurs && isOfAnother
        ? this.cached(question, cache, context, true)
        : this.degraded(question, key, { error, context });
    }
  }

  private ask(
    question: Question,
    { deadlineMs, signal, span, priority }: Pick<RequestContext, 'deadlineMs' | 'signal' | 'span' | 'priority'>,
  ): Promise<TextClassification> {
    const headStartMs = HEAD_START_MS[priority];
    // One that exists: `find` has resolved it, so that nobody makes policies by inventing names.
    const policy = this.policies.of(question.model);
    let begunMs: number | undefined;
    const onBegun = (nowMs: number) => (begunMs ??= nowMs); // the time of a worker that was lost counts
    const isUrgent = priority === 'critical';
    const call = { deadlineMs: deadlineMs + GRACE_MS, signal, isUrgent, begunMs: () => begunMs };
    return traced(span, 'model', (part) =>
      policy.execute(
        () =>
          this.inference.classify(question.text, question, { deadlineMs, signal, headStartMs, onBegun, span: part }),
        call,
      ),
    );
  }

  /**
   * A stored answer past its time, else what the model declares.
   * @throws what the model had for an answer, when there is neither, or none is wanted
   */
  private async degraded(
    { text, ...asked }: Question,
    key: string | undefined,
    { error, context }: { error: unknown; context: RequestContext },
  ): Promise<Known> {
    const { code } = failureOf(error);
    const degradedReason = DEGRADING_ERROR_CODES.find((known) => known === code);
    if (!context.allowDegraded || degradedReason === undefined) {
      throw error;
    }
    const stale = key === undefined ? undefined : await this.cache?.findStale(key);
    if (stale) {
      const { value, ageSeconds } = stale;
      return { said: readSaid(value).said, mode: 'degraded_cache', cacheHit: true, degradedReason, ageSeconds };
    }
    // A fallback that fails, too, is no answer; what the caller is told is why the model had none.
    const fallback = await traced(context.span, 'fallback', (span) =>
      this.inference.fallback(asked, (declared) => this.ask({ text, ...declared }, { ...context, span })),
    ).catch(() => undefined);
    if (!fallback) {
      throw error;
    }
    return { said: saidJson(fallback), mode: 'degraded_fallback', cacheHit: false, degradedReason };
  }
}

/** Whether what we waited for ended because whoever began it had no more time: we may begin it ourselves. */
function isDeadlineOfAnother(error: unknown, { deadlineMs, signal }: RequestContext): boolean {
  return failureOf(error).code === 'DEADLINE_EXCEEDED' && performance.now() < deadlineMs && !signal.aborted;
}

/** Whether what a critical caller waited for was refused, which may be because whoever began it was less urgent. */
function isRefusalOfAnother(error: unknown, priority: RequestContext['priority']): boolean {
  return priority === 'critical' && ['INFERENCE_QUEUE_FULL', 'BULKHEAD_FULL'].includes(failureOf(error).code);
}

/** The lookup ends where the answer is found, or where it begins to be computed. */
function endLookup(lookup: TraceSpan | undefined, outcome: 'hit' | 'miss' | 'shared'): void {
  lookup?.set({ 'falcon.cache': outcome });
  lookup?.end();
}
