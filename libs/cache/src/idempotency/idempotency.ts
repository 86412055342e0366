import { hash, randomUUID } from 'node:crypto';
import type { CacheObserver } from '../cache-observer.js';
import { HeldClaim, type ClaimKeeper } from './held-claim.js';
import type { ClaimOutcome, IdempotencyStore, StoredAnswer } from './idempotency-store.js';

/** Whoever asks again this soon has waited long enough: nearly all requests are done, and a killed owner's claim ends alone. */
const RETRY_AFTER_SECONDS = 1;
const RENEWALS_A_LEASE = 3;

/** How keys are kept. */
export interface IdempotencyOptions {
  /** How long an answer is replayed. */
  ttlMs: number;
  /** A killed owner's key is free after this long; a living one renews its claim. */
  leaseMs: number;
  /** A claim is not renewed for longer than this, whatever its owner does. */
  maxHoldMs: number;
  /** Longer answers are not stored; their key is given free. */
  maxBodyLength: number;
}

/** What is to be done once. */
export interface IdempotentRequest {
  tenant: string;
  route: string;
  key: string;
  /** `fingerprint()` of the body. */
  fingerprint: string;
  /** `performance.now()` value after which nobody waits for it. */
  deadlineMs?: number | undefined;
  /** Whether a stored body can be an answer to it; with any other, nothing is known of the key. Default: any can. */
  isAnswer?: (body: string) => boolean;
}

/** What to do with a request. `unavailable`: run it, but whether another one runs, too, is not known. */
export type IdempotencyOutcome =
  | { state: 'claimed' | 'unavailable'; claim: HeldClaim }
  | { state: 'in-flight'; retryAfterSeconds: number }
  | { state: 'mismatch' }
  | { state: 'replay'; answer: StoredAnswer };

/** Does what has a key once, and answers the same to whoever asks again. */
export class Idempotency implements ClaimKeeper {
  private readonly held = new Set<HeldClaim>();
  private renewal?: NodeJS.Timeout;

  constructor(
    private readonly store: IdempotencyStore,
    private readonly options: IdempotencyOptions,
    private readonly observer: CacheObserver,
  ) {}

  /** Asks whether a request is the first with its key. */
  async begin(request: IdempotentRequest): Promise<IdempotencyOutcome> {
    const { tenant, route, key, fingerprint, deadlineMs, isAnswer } = request;
    const id = hash('sha256', JSON.stringify([tenant, route, key]), 'base64url');
    const claim = { id, fingerprint, owner: randomUUID(), deadlineMs };
    const outcome = this.believed(await this.store.claim(claim, this.options.leaseMs), isAnswer);
    this.count(outcome);
    switch (outcome.state) {
      case 'in-flight':
        return { state: 'in-flight', retryAfterSeconds: RETRY_AFTER_SECONDS };
      case 'mismatch':
      case 'replay':
        return outcome;
      default:
        // The store may have heard of a claim that it did not answer, and may be back when there is an answer to store.
        return { state: outcome.state, claim: this.hold(new HeldClaim(claim, performance.now(), this)) };
    }
  }

  async complete(held: HeldClaim, answer: StoredAnswer): Promise<boolean> {
    if (answer.body.length > this.options.maxBodyLength) {
      await this.release(held);
      return false;
    }
    this.letGo(held);
    return this.store.complete(held.claim, answer, this.options.ttlMs);
  }

  async release(held: HeldClaim): Promise<void> {
    this.letGo(held);
    await this.store.release(held.claim);
  }

  /** A store that is shared has other writers. */
  private believed(outcome: ClaimOutcome, isAnswer: IdempotentRequest['isAnswer'] = () => true): ClaimOutcome {
    if (outcome.state !== 'replay' || isAnswer(outcome.answer.body)) {
      return outcome;
    }
    this.observer.onError('check_idempotency', 1);
    return { state: 'unavailable' };
  }

  private hold(held: HeldClaim): HeldClaim {
    this.held.add(held);
    this.renewal ??= setInterval(() => this.renew(), this.options.leaseMs / RENEWALS_A_LEASE).unref();
    return held;
  }

  private letGo(held: HeldClaim): void {
    this.held.delete(held);
    if (this.held.size === 0) {
      clearInterval(this.renewal);
      delete this.renewal;
    }
  }

  /** A claim that was flushed away is made again by this, and one that another owner has got meanwhile stays theirs. */
  private renew(): void {
    const oldestMs = performance.now() - this.options.maxHoldMs;
    for (const held of this.held) {
      if (held.sinceMs < oldestMs) {
        this.letGo(held);
      } else {
        void this.store.renew(held.claim, this.options.leaseMs);
      }
    }
  }

  private count({ state }: ClaimOutcome): void {
    switch (state) {
      case 'replay':
        return this.observer.onIdempotencyHit();
      case 'claimed':
        return this.observer.onIdempotencyMiss();
      case 'unavailable':
        return this.observer.onFallback('idempotency_skip', 1);
      default:
        this.observer.onIdempotencyConflict(state === 'mismatch' ? 'mismatch' : 'in_flight');
    }
  }
}
