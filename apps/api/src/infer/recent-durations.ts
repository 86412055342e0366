/** The latest durations, in a ring; quantiles are worked out only when somebody asks. */
export class RecentDurations {
  private readonly ring: Float64Array;
  private added = 0;

  constructor(capacity: number) {
    this.ring = new Float64Array(capacity);
  }

  add(seconds: number): void {
    this.ring[this.added++ % this.ring.length] = seconds;
  }

  /** For each quantile the smallest duration that at least so many of them do not exceed; 0 when there are none. */
  quantiles(shares: readonly number[]): number[] {
    const held = Math.min(this.added, this.ring.length);
    const sorted = this.ring.slice(0, held).sort();
    return shares.map((share) => sorted[Math.max(0, Math.ceil(share * held) - 1)] ?? 0);
  }
}
