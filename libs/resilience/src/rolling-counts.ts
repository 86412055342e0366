const BUCKETS = 10;

/** Several counts over the last `windowMs`, forgotten in tenths of it. */
export class RollingCounts {
  private readonly bucketMs: number;
  private readonly buckets: Int32Array;
  private readonly totals: Int32Array;
  private head = 0;
  private headEndsMs: number;

  constructor(
    private readonly series: number,
    windowMs: number,
    nowMs: number,
  ) {
    this.bucketMs = windowMs / BUCKETS;
    this.headEndsMs = nowMs + this.bucketMs;
    this.buckets = new Int32Array(series * BUCKETS);
    this.totals = new Int32Array(series);
  }

  add(series: number, nowMs: number): void {
    if (nowMs >= this.headEndsMs) this.turnTo(nowMs);
    const at = this.head * this.series + series;
    this.buckets[at] = (this.buckets[at] ?? 0) + 1;
    this.totals[series] = (this.totals[series] ?? 0) + 1;
  }

  of(series: number, nowMs: number): number {
    if (nowMs >= this.headEndsMs) this.turnTo(nowMs);
    return this.totals[series] ?? 0;
  }

  clear(): void {
    this.buckets.fill(0);
    this.totals.fill(0);
  }

  /** Forgets what is older than the window. */
  private turnTo(nowMs: number): void {
    for (let turns = 0; turns < BUCKETS && nowMs >= this.headEndsMs; turns++) {
      this.head = (this.head + 1) % BUCKETS;
      this.headEndsMs += this.bucketMs;
      this.dropHead();
    }
    if (nowMs >= this.headEndsMs) this.headEndsMs = nowMs + this.bucketMs; // all is forgotten: the window begins anew
  }

  private dropHead(): void {
    const first = this.head * this.series;
    for (let series = 0; series < this.series; series++) {
      this.totals[series] = (this.totals[series] ?? 0) - (this.buckets[first + series] ?? 0);
      this.buckets[first + series] = 0;
    }
  }
}
