/**
 * Failures in a row. Those that were under way at the same time count as one: a hiccup fails all of them at once, and
 * says no more than one of them alone.
 */
export class FailureStreak {
  private failures = 0;
  private latestMs = -Infinity;

  get length(): number {
    return this.failures;
  }

  /** @returns whether it counts, for something that began at this value of `performance.now()` */
  failed(startedMs: number): boolean {
    const counts = startedMs >= this.latestMs;
    if (counts) {
      this.failures++;
      this.latestMs = performance.now();
    }
    return counts;
  }

  end(): void {
    this.failures = 0;
  }
}
