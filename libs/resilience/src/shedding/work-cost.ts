/** Weight of the newest figure in the running mean. */
const SMOOTHING = 0.1;

/** What one more call costs the workers behind a server, as they find out themselves. */
export class WorkCost {
  /** Time by which all of them together are busy longer, in ms; 0 while it is not known. */
  callMs = 0;

  /** @param workers how many there are */
  constructor(private readonly workers: number) {}

  /** One more call has kept a worker busy for so many ms longer. */
  note(ms: number): void {
    this.callMs += (this.callMs === 0 ? 1 : SMOOTHING) * (ms / this.workers - this.callMs);
  }
}
