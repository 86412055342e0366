const TURN_MS = 500;

/** How many calls of each priority were wanted at once of late: what nobody wants is lent to others. */
export class Demand {
  private readonly now: Float64Array;
  private readonly before: Float64Array;
  private turnsMs: number;

  constructor(priorities: number, nowMs: number) {
    this.now = new Float64Array(priorities);
    this.before = new Float64Array(priorities);
    this.turnsMs = nowMs + TURN_MS;
  }

  /** So many are wanted at this moment. */
  note(priority: number, wanted: number, nowMs: number): void {
    this.forget(nowMs);
    if (wanted > (this.now[priority] ?? 0)) this.now[priority] = wanted;
  }

  of(priority: number, nowMs: number): number {
    this.forget(nowMs);
    return Math.max(this.now[priority] ?? 0, this.before[priority] ?? 0);
  }

  private forget(nowMs: number): void {
    if (nowMs < this.turnsMs) return;
    if (nowMs < this.turnsMs + TURN_MS) this.before.set(this.now);
    else this.before.fill(0);
    this.now.fill(0);
    this.turnsMs = nowMs + TURN_MS;
  }
}
