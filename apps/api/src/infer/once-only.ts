import { Inject, Injectable } from '@nestjs/common';
import { fingerprint, Idempotency, type HeldClaim, type IdempotencyOutcome } from '@app/cache';
import { traced } from '@app/ops';
import { HttpError } from '../http-errors.js';
import { SETTINGS, type Settings } from '../settings.js';
import type { RequestContext } from '../http/request-context.js';
import type { Rendered } from './rendered.js';

/** What is answered once for each key, and how an answer that was stored as `Stored` is given again. */
export interface KeyedWork<T, Stored> {
  route: string;
  body: unknown;
  run: () => Promise<Rendered<T>>;
  /** Whether a stored body is JSON of a `Stored`. */
  isAnswer: (body: string) => boolean;
  /** Makes the answer of this request out of the stored one. */
  replay: (stored: Stored) => Promise<Rendered<T>>;
  /** Puts a refusal on record, and gives what to answer. */
  refuse: (error: unknown) => Promise<unknown>;
}

/**
 * Does what comes with an idempotency key once, as draft-ietf-httpapi-idempotency-key-header says. Only answers are kept: a
 * request that failed is done anew when it comes again, which does no harm, because a prediction has no side effects.
 */
@Injectable()
export class OnceOnly {
  constructor(
    private readonly idempotency: Idempotency,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /**
   * Runs the work, or gives the answer that its key stands for.
   * @param onUnavailable called when the keys cannot be reached and the work runs without knowing whether it ran before, and
   * when its answer could not be stored, so that whoever asks again does not get it
   * @throws {HttpError} IDEMPOTENCY_KEY_IN_FLIGHT or IDEMPOTENCY_KEY_REUSED
   */
  run<T, Stored>(work: KeyedWork<T, Stored>, context: RequestContext, onUnavailable: () => void): Promise<Rendered<T>> {
    const { idempotencyKey: key, tenant, deadlineMs, span } = context;
    if (!this.settings.cache.idempotencyEnabled || key === undefined) {
      return work.run();
    }
    const { route, body, isAnswer } = work;
    const request = { tenant, route, key, fingerprint: fingerprint(body), deadlineMs, isAnswer };
    const begun = traced(span, 'idempotency', () => this.idempotency.begin(request));
    return this.runOnce(work, begun, onUnavailable);
  }

  private async runOnce<T, Stored>(
    work: KeyedWork<T, Stored>,
    begun: Promise<IdempotencyOutcome>,
    onUnavailable: () => void,
  ): Promise<Rendered<T>> {
    const outcome = await begun;
    switch (outcome.state) {
      case 'in-flight':
        throw await work.refuse(
          new HttpError('IDEMPOTENCY_KEY_IN_FLIGHT', 'The first request with this idempotency key is still running.', {
            retryAfterSeconds: outcome.retryAfterSeconds,
          }),
        );
      case 'mismatch':
        throw await work.refuse(
          new HttpError('IDEMPOTENCY_KEY_REUSED', 'This idempotency key was used with another body.'),
        );
      case 'replay':
        return work.replay(JSON.parse(outcome.answer.body) as Stored);
      case 'unavailable':
        onUnavailable();
    }
    return this.complete(work, outcome.claim, onUnavailable);
  }

  private async complete<T, Stored>(
    work: KeyedWork<T, Stored>,
    claim: HeldClaim,
    onUnavailable: () => void,
  ): Promise<Rendered<T>> {
    try {
      const answer = await work.run();
      if (!(await claim.complete(200, answer.json))) {
        onUnavailable();
      }
      return answer;
    } catch (error) {
      await claim.release();
      throw error;
    }
  }
}
