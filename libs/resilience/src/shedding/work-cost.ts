/** Weight of the newest work in the running mean. */
const SMOOTHING = 0.1;

/** What a call costs the workers behind a server, as they report it themselves. */
export class WorkCost {
  /** Time that all of them together take for a call, in ms; 0 until it is known. */
  callMs = 0;

  /** @param workers how many there are */
  constructor(private readonly workers: number) {}

  /** One of them has worked for so many ms on so many calls. */
  worked(ms: number, calls: number): void {
    const callMs = ms / calls / this.workers;
    this.callMs += (this.callMs === 0 ? 1 : SMOOTHING) * (callMs - this.callMs);
  }
}
