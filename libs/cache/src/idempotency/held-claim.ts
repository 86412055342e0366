import type { Claim, StoredAnswer } from './idempotency-store.js';

/** What a held claim asks of those who gave it. */
export interface ClaimKeeper {
  complete(held: HeldClaim, answer: StoredAnswer): Promise<boolean>;
  release(held: HeldClaim): Promise<void>;
}

/** A key that this request works on. It ends with its answer or without; after that nothing happens any more. */
export class HeldClaim {
  private ended = false;

  constructor(
    readonly claim: Claim,
    /** `performance.now()` value of its beginning. */
    readonly sinceMs: number,
    private readonly keeper: ClaimKeeper,
  ) {}

  /** Stores the answer for those who ask again. @returns false when it could not be, or is another owner's to store */
  async complete(status: number, body: string): Promise<boolean> {
    return this.end() && this.keeper.complete(this, { status, body });
  }

  /** Gives the key free, because the request was refused or cut off: the next one is the first. */
  async release(): Promise<void> {
    if (this.end()) {
      await this.keeper.release(this);
    }
  }

  private end(): boolean {
    const first = !this.ended;
    this.ended = true;
    return first;
  }
}
