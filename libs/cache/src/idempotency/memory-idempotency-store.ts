import { IdempotencyStore, type Claim, type ClaimOutcome, type StoredAnswer } from './idempotency-store.js';

/** What a key takes besides its answer: its digest, that of the request, the owner, and their places. */
const KEY_OVERHEAD_BYTES = 500;

/** Bounds of the idempotency store in memory. */
export interface MemoryIdempotencyOptions {
  /** Most memory that all keys take together; the oldest answers go first, claims under way never. */
  maxBytes: number;
  /** `performance.now()` unless given: leases and answers end by time that passes, not by the clock on the wall. */
  now?: () => number;
}

interface Claimed {
  claim: Claim;
  untilMs: number;
}

interface Answered {
  fingerprint: string;
  answer: StoredAnswer;
  untilMs: number;
  bytes: number;
}

/** Keeps claims and answers in this process, within a bound of bytes. */
export class MemoryIdempotencyStore extends IdempotencyStore {
  private readonly claims = new Map<string, Claimed>();
  /** The oldest first; all are kept equally long, so that they end in this order, too. */
  private readonly answers = new Map<string, Answered>();
  private answerBytes = 0;
  private readonly now: () => number;

  constructor(private readonly options: MemoryIdempotencyOptions) {
    super();
    this.now = options.now ?? (() => performance.now());
  }

  /** Keys held, claimed or answered. */
  get size(): number {
    return this.claims.size + this.answers.size;
  }

  /** Memory that the keys take, as estimated. */
  get bytes(): number {
    return this.answerBytes + this.claims.size * KEY_OVERHEAD_BYTES;
  }

  override claim(claim: Claim, leaseMs: number): Promise<ClaimOutcome> {
    return Promise.resolve(this.claimNow(claim, leaseMs));
  }

  override renew(claim: Claim, leaseMs: number): Promise<unknown> {
    return this.claim(claim, leaseMs);
  }

  override complete(claim: Claim, answer: StoredAnswer, ttlMs: number): Promise<boolean> {
    return Promise.resolve(this.completeNow(claim, answer, ttlMs));
  }

  override release(claim: Claim): Promise<boolean> {
    const ours = this.claims.get(claim.id)?.claim.owner === claim.owner;
    return Promise.resolve(ours && this.claims.delete(claim.id));
  }

  private claimNow(claim: Claim, leaseMs: number): ClaimOutcome {
    this.dropExpired();
    const answered = this.answers.get(claim.id);
    const claimed = this.claims.get(claim.id);
    const fingerprint = answered?.fingerprint ?? claimed?.claim.fingerprint ?? claim.fingerprint;
    if (fingerprint !== claim.fingerprint) {
      return { state: 'mismatch' };
    }
    if (answered) {
      return { state: 'replay', answer: answered.answer };
    }
    if (claimed && claimed.claim.owner !== claim.owner) {
      return { state: 'in-flight' };
    }
    if (!claimed && !this.makeRoom(KEY_OVERHEAD_BYTES)) {
      return { state: 'unavailable' };
    }
    this.claims.delete(claim.id); // to its place by the new end of its lease
    this.claims.set(claim.id, { claim, untilMs: this.now() + leaseMs });
    return { state: 'claimed' };
  }

  private completeNow(claim: Claim, answer: StoredAnswer, ttlMs: number): boolean {
    this.dropExpired();
    const claimed = this.claims.get(claim.id);
    if (this.answers.has(claim.id) || (claimed && claimed.claim.owner !== claim.owner)) {
      return false;
    }
    this.claims.delete(claim.id);
    const bytes = KEY_OVERHEAD_BYTES + 2 * answer.body.length;
    if (!this.makeRoom(bytes)) {
      return false;
    }
    this.answerBytes += bytes;
    this.answers.set(claim.id, { fingerprint: claim.fingerprint, answer, untilMs: this.now() + ttlMs, bytes });
    return true;
  }

  private makeRoom(bytes: number): boolean {
    for (const [id, { bytes: freed }] of this.answers) {
      if (this.bytes + bytes <= this.options.maxBytes) {
        break;
      }
      this.answers.delete(id);
      this.answerBytes -= freed;
    }
    return this.bytes + bytes <= this.options.maxBytes;
  }

  private dropExpired(): void {
    const nowMs = this.now();
    for (const [id, { untilMs }] of this.claims) {
      if (nowMs < untilMs) {
        break;
      }
      this.claims.delete(id);
    }
    for (const [id, { untilMs, bytes }] of this.answers) {
      if (nowMs < untilMs) {
        break;
      }
      this.answers.delete(id);
      this.answerBytes -= bytes;
    }
  }
}
