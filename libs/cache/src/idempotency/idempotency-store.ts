/** What a request with an idempotency key claims. */
export interface Claim {
  /** Digest of tenant, route and key. */
  readonly id: string;
  /** Digest of what the request asks; the same key with another one is a mistake of the caller. */
  readonly fingerprint: string;
  /** Of this one request: whose claim it is. */
  readonly owner: string;
  /** `performance.now()` value after which the request need not wait for a store that fails. */
  readonly deadlineMs?: number | undefined;
}

/** The answer that a key stands for. */
export interface StoredAnswer {
  status: number;
  body: string;
}

/** What became of a claim. */
export type ClaimOutcome =
  | { state: 'claimed' }
  | { state: 'in-flight' }
  | { state: 'mismatch' }
  | { state: 'replay'; answer: StoredAnswer }
  | { state: 'unavailable' };

/** Who works on which key, and what came of it. None of it ever rejects: a store that is away says so. */
export abstract class IdempotencyStore {
  /** Claims a key for its owner, for the time of the lease; one of many at once gets it. */
  abstract claim(claim: Claim, leaseMs: number): Promise<ClaimOutcome>;

  /** Claims it again for its owner, and tries that once: a second try might come when the claim has been given free. */
  abstract renew(claim: Claim, leaseMs: number): Promise<unknown>;

  /** Stores the answer, unless the key was claimed by another owner since or is answered already. */
  abstract complete(claim: Claim, answer: StoredAnswer, ttlMs: number): Promise<boolean>;

  /** Gives the key free without an answer, if it is still this owner's. */
  abstract release(claim: Claim): Promise<boolean>;
}
