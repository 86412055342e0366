/** How often what is watched is looked through: a limit is kept to within this time. */
const SWEEP_MS = 5;

/** Something that waits, but not for ever. */
export interface Watched {
  /** When it lapses, on the scale of `performance.now()`; Infinity: only when it is cancelled. */
  readonly dueMs: number;
  readonly signal: AbortSignal | undefined;
  /** For the watch that it is in: its place there. */
  place?: number;
  /** Its time is over, or its caller has left. */
  lapse(cause: 'time' | 'cancelled', nowMs: number): void;
}

/**
 * Ends what waits for too long. One timer serves all of it: a timer and a listener on a signal for each call
 * would cost more than all the rest of a policy.
 */
export class Watch {
  /** In no order. Not a Set: V8 links each table that a growing or shrinking Set leaves behind to the next one, and what they held is kept with them. */
  private readonly watched: Watched[] = [];
  private timer: NodeJS.Timeout | undefined;
  private lastChance: NodeJS.Immediate | undefined;

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Until it lapses, or `remove`. The timer lives, and keeps the process alive, only while something waits. */
  add(item: Watched): void {
    item.place = this.watched.push(item) - 1;
    this.timer ??= setInterval(() => this.sweep(), SWEEP_MS);
  }

  /** It may have been removed before, or never been added. */
  remove(item: Watched): void {
    const { place } = item;
    if (place === undefined || this.watched[place] !== item) return;
    const last = this.watched.pop() as Watched;
    if (last === item) return;
    this.watched[place] = last;
    last.place = place;
  }

  /**
   * When this process itself was held up, what is waited for may lie in a socket by the time the timer fires: the event
   * loop reads the sockets once more before anybody's time is over.
   */
  private sweep(): void {
    const nowMs = this.now();
    let isAnyDue = false;
    for (const item of this.watched.slice()) {
      if (item.signal?.aborted) this.lapse(item, 'cancelled', nowMs);
      else if (nowMs >= item.dueMs) isAnyDue = true;
    }
    if (isAnyDue) this.lastChance ??= setImmediate(() => this.endDue());
    this.rest();
  }

  private endDue(): void {
    this.lastChance = undefined;
    const nowMs = this.now();
    for (const item of this.watched.slice()) {
      if (nowMs >= item.dueMs) this.lapse(item, 'time', nowMs);
    }
    this.rest();
  }

  private lapse(item: Watched, cause: 'time' | 'cancelled', nowMs: number): void {
    this.remove(item);
    item.lapse(cause, nowMs);
  }

  private rest(): void {
    if (this.watched.length > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }
}
