const TURN_MS = 1000;
const MAX_RETRY_AFTER_SECONDS = 30;
/** Calls that take no time are not worth telling from those that take so much. */
const LEAST_MS = 1;

/** How fast calls can end and how many are refused: from both follows when it is worth to come back. */
export class DrainRate {
  private ended = 0;
  private tookMs = 0;
  private refused = 0;
  private endedPerSecond = 0;
  private refusedPerSecond = 0;
  /** Of the calls that ended last. */
  private meanMs = Infinity;
  private turnStartMs: number;

  constructor(nowMs: number) {
    this.turnStartMs = nowMs;
  }

  onEnded(startedMs: number, nowMs: number): void {
    this.ended++;
    this.tookMs += nowMs - startedMs;
    if (nowMs - this.turnStartMs >= TURN_MS) this.turn(nowMs);
  }

  onRefused(nowMs: number): void {
    this.refused++;
    if (nowMs - this.turnStartMs >= TURN_MS) this.turn(nowMs);
  }

  /**
   * Seconds in which what is under way, and all who were refused within a second, could be served: if they came back
   * sooner they would only be refused again. After a quiet time it is not what has ended that tells how fast that goes, but
   * how many are under way at once, and for how long.
   */
  retryAfterSeconds(inflight: number): number {
    const perSecond = Math.max(this.endedPerSecond, this.ended, (1000 * inflight) / this.meanMs);
    const waiting = inflight + Math.max(this.refusedPerSecond, this.refused);
    return perSecond === 0 ? 1 : Math.min(MAX_RETRY_AFTER_SECONDS, Math.max(1, Math.ceil(waiting / perSecond)));
  }

  private turn(nowMs: number): void {
    const seconds = (nowMs - this.turnStartMs) / 1000;
    this.endedPerSecond = this.ended / seconds;
    this.refusedPerSecond = this.refused / seconds;
    if (this.ended > 0) this.meanMs = Math.max(LEAST_MS, this.tookMs / this.ended);
    this.ended = this.tookMs = this.refused = 0;
    this.turnStartMs = nowMs;
  }
}
