const BEAT_MS = 100;

/** Beats as often as the event loop lets it, and knows how late it was. */
export class EventLoopBeat {
  private lastMs = performance.now();
  private worstMs = 0;

  constructor() {
    setInterval(() => this.beat(), BEAT_MS).unref();
  }

  /** The longest that anything had to wait for the event loop since this was last asked, in ms. */
  worstDelayMs(): number {
    this.note();
    const worst = this.worstMs;
    this.worstMs = 0;
    return Math.round(worst);
  }

  private beat(): void {
    this.note();
    this.lastMs = performance.now();
  }

  private note(): void {
    this.worstMs = Math.max(this.worstMs, performance.now() - this.lastMs - BEAT_MS);
  }
}
