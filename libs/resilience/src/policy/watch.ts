/** How often what is watched is looked through: a limit is kept to within this time. */
const SWEEP_MS = 5;

/** Something that waits, but not for ever. */
export interface Watched {
  /** When it lapses, on the scale of `performance.now()`; Infinity: only when it is cancelled. */
  readonly dueMs: number;
  readonly signal: AbortSignal | undefined;
  /** Its time is over, or its caller has left. */
  lapse(cause: 'time' | 'cancelled', nowMs: number): void;
}

/**
 * Ends what waits for too long. One timer serves all of it: a timer and a listener on a signal for each call
 * would cost more than all the rest of a policy.
 */
export class Watch {
  private readonly watched = new Set<Watched>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Until it lapses, or `remove`. The timer lives, and keeps the process alive, only while something waits. */
  add(item: Watched): void {
    this.watched.add(item);
    this.timer ??= setInterval(() => this.sweep(), SWEEP_MS);
  }

  remove(item: Watched): void {
    this.watched.delete(item);
  }

  private sweep(): void {
    const nowMs = this.now();
    for (const item of this.watched) {
      const cause = item.signal?.aborted ? 'cancelled' : nowMs >= item.dueMs ? 'time' : undefined;
      if (!cause) continue;
      this.watched.delete(item);
      item.lapse(cause, nowMs);
    }
    if (this.watched.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }
}
