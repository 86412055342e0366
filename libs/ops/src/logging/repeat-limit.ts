/** How often the same thing may be said. */
export interface RepeatLimitOptions {
  /** Times in a window; what comes after that is only counted. */
  times: number;
  windowMs: number;
}

/** More different things than this at a time are said without counting: memory is bounded, and they are no repetition. */
const MAX_KEYS = 1000;

/** Lets the same thing be said a few times in a window; when the window is over, tells how often it was held back. */
export class RepeatLimit {
  private readonly counts = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly options: RepeatLimitOptions,
    private readonly onHeldBack: (key: string, times: number) => void,
  ) {}

  /** Whether it may be said once more. */
  admits(key: string): boolean {
    const count = (this.counts.get(key) ?? 0) + 1;
    if (count === 1 && this.counts.size >= MAX_KEYS) {
      return true;
    }
    this.counts.set(key, count);
    this.timer ??= setTimeout(() => this.endWindow(), this.options.windowMs).unref();
    return count <= this.options.times;
  }

  /** Tells what was held back until now, and begins anew. */
  endWindow(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const ended = [...this.counts];
    this.counts.clear();
    for (const [key, count] of ended) {
      if (count > this.options.times) {
        this.onHeldBack(key, count - this.options.times);
      }
    }
  }
}
