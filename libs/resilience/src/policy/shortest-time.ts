const FALL = 0.2;
const RISE = 0.01;
const DOUBT = 0.9;

/**
 * About the shortest time that a dependency takes: falls fast towards quick answers, rises slowly with slow ones.
 * Whoever has less time left than this need not begin.
 */
export class ShortestTime {
  private estimateMs = 0;

  get ms(): number {
    return this.estimateMs;
  }

  /** Learns from an answer. */
  add(tookMs: number): void {
    this.estimateMs += (tookMs < this.estimateMs ? FALL : RISE) * (tookMs - this.estimateMs);
  }

  /** Whether `remainingMs` is too little; each time it is, the estimate is doubted a bit, for nothing is learnt from refusals. */
  exceeds(remainingMs: number): boolean {
    if (remainingMs >= this.estimateMs) return false;
    this.estimateMs *= DOUBT;
    return true;
  }
}
