import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { AnswerCache, cacheKey } from '@app/cache';
import { InferenceService } from '@app/inference';
import { traced, type TraceSpan } from '@app/ops';
import { InjectPolicyFamily, PolicyFamily, type Priority } from '@app/resilience';
import { DEGRADING_ERROR_CODES, type ErrorCode } from '../http-errors.js';
import { failureOf } from '../http/problem.js';
import type { RequestContext } from '../http/request-context.js';
import { SETTINGS, type Settings } from '../settings.js';
import type { InferRequest } from './infer.schema.js';
import { likeliest, rounded } from './probabilities.js';

/** What is known of a text: what a model said of it, now or before, or what stands in for that. */
export interface Known {
  prediction: string;
  confidence: number;
  probabilities: Record<string, number>;
  model: string;
  model_version: string;
  /** Time that the batch took; absent when nothing was computed for this answer. */
  inferenceTimeMs?: number;
  mode: 'fresh' | 'degraded_cache' | 'degraded_fallback';
  cacheHit: boolean;
  degradedReason?: ErrorCode;
  ageSeconds?: number;
}

/** The part of an answer that is the same for whoever asks. */
type Said = Pick<Known, 'prediction' | 'confidence' | 'probabilities' | 'model' | 'model_version' | 'inferenceTimeMs'>;

/** A text, and what is to answer it. */
type Question = Pick<InferRequest, 'text'> & { model: string; version: string };

/** Those who bound the model's work report where the time ran out; whoever only waits for them waits a little longer. */
const GRACE_MS = 20;
/** A text goes before those of lower priority that came up to so much earlier, so that none of them waits for ever. */
const HEAD_START_MS: Record<Priority, number> = { low: 0, normal: 50, high: 150, critical: 400 };
const DEGRADING: readonly ErrorCode[] = DEGRADING_ERROR_CODES;

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
    return this.settings.cacheEnabled ? this.answers : undefined;
  }

  async find(asked: InferRequest, context: RequestContext): Promise<Known> {
    const { model, version } = this.inference.find(asked);
    const question: Question = { text: asked.text, model, version };
    const key = this.cache && cacheKey({ model, version, text: asked.text });
    try {
      return await this.fresh(question, key, context);
    } catch (error) {
      return (await this.degraded(question, key, { error, context })) ?? Promise.reject(error);
    }
  }

  private async fresh(question: Question, key: string | undefined, context: RequestContext): Promise<Known> {
    if (!this.cache || key === undefined) {
      return { ...(await this.ask(question, context)), mode: 'fresh', cacheHit: false };
    }
    const { deadlineMs, signal, span, priority } = context;
    const lookup = span?.child('cache');
    let computed: Said | undefined;
    const compute = async (wanted: AbortSignal): Promise<string> => {
      endLookup(lookup, 'miss');
      return JSON.stringify((computed = await this.ask(question, { deadlineMs, signal: wanted, span, priority })));
    };
    try {
      const { value, origin } = await this.cache.getOrCompute(key, compute, {
        signal,
        deadlineMs: deadlineMs + GRACE_MS,
      });
      if (origin === 'computed' && computed) {
        return { ...computed, mode: 'fresh', cacheHit: false };
      }
      const cacheHit = origin === 'cache';
      endLookup(lookup, cacheHit ? 'hit' : 'shared');
      const { inferenceTimeMs, ...said } = JSON.parse(value) as Said;
      return { ...said, ...(!cacheHit && { inferenceTimeMs }), mode: 'fresh', cacheHit };
    } catch (error) {
      lookup?.end(error);
      throw error;
    }
  }

  private async ask(
    { text, ...choice }: Question,
    { deadlineMs, signal, span, priority }: Pick<RequestContext, 'deadlineMs' | 'signal' | 'span' | 'priority'>,
  ): Promise<Said> {
    const headStartMs = HEAD_START_MS[priority];
    // One that exists: `find` has resolved it, so that nobody makes policies by inventing names.
    const policy = this.policies.of(choice.model);
    const said = await traced(span, 'model', (part) =>
      policy.execute(() => this.inference.classify(text, choice, { deadlineMs, signal, headStartMs, span: part }), {
        deadlineMs: deadlineMs + GRACE_MS,
        signal,
      }),
    );
    return {
      prediction: said.prediction,
      confidence: rounded(said.confidence),
      probabilities: likeliest(said.labels, said.probabilities),
      model: said.model,
      model_version: said.version,
      inferenceTimeMs: said.inferenceTimeMs,
    };
  }

  /** A stored answer past its time, else what the model declares; undefined when there is neither, or none is wanted. */
  private async degraded(
    { text, ...choice }: InferRequest,
    key: string | undefined,
    { error, context }: { error: unknown; context: RequestContext },
  ): Promise<Known | undefined> {
    const { code: degradedReason } = failureOf(error);
    if (!context.allowDegraded || !DEGRADING.includes(degradedReason)) {
      return undefined;
    }
    const stale = key === undefined ? undefined : await this.cache?.findStale(key);
    if (stale) {
      const { inferenceTimeMs: _, ...said } = JSON.parse(stale.value) as Said;
      const { ageSeconds } = stale;
      return { ...said, mode: 'degraded_cache', cacheHit: true, degradedReason, ageSeconds };
    }
    // A fallback that fails, too, is no answer; what the caller is told is why the model had none.
    const fallback = await traced(context.span, 'fallback', (span) =>
      this.inference.fallback(text, choice, { ...context, span }),
    ).catch(() => undefined);
    return (
      fallback && {
        prediction: fallback.prediction,
        confidence: rounded(fallback.confidence),
        probabilities: likeliest(fallback.labels, fallback.probabilities),
        model: fallback.model,
        model_version: fallback.version,
        mode: 'degraded_fallback',
        cacheHit: false,
        degradedReason,
      }
    );
  }
}

/** The lookup ends where the answer is found, or where it begins to be computed. */
function endLookup(lookup: TraceSpan | undefined, outcome: 'hit' | 'miss' | 'shared'): void {
  lookup?.set({ 'falcon.cache': outcome });
  lookup?.end();
}
