import { pino } from 'pino';

/** Lines that may wait until whoever reads stdout has time for them; more are dropped, and the drop is told. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

type Destination = ReturnType<typeof pino.destination>;

/** Stdout, written by the thread pool: whoever reads it slowly, or not at all, does not hold requests up. */
export class StdoutDestination {
  private readonly stream: Destination;
  private waiting = false;
  private dropped = 0;

  /** @param onDropped is told how many lines were dropped, once there is room again */
  constructor(onDropped: (lines: number) => void, fd = 1, maxWaitingBytes = MAX_WAITING_BYTES) {
    // With minLength 0 the stream's flush() would not wait for what is being written.
    this.stream = pino.destination({ fd, sync: false, minLength: 1, maxLength: maxWaitingBytes });
    this.stream.on('drop', () => this.dropped++);
    this.stream.on('error', () => undefined); // a full disk costs lines, not the service; the next line tries again
    this.stream.on('drain', () => {
      this.waiting = false;
      const lines = this.dropped;
      this.dropped = 0;
      if (lines > 0) {
        onDropped(lines);
      }
    });
  }

  write(line: string): void {
    this.waiting = true;
    this.stream.write(line);
  }

  /** Resolves when everything is written, after `timeoutMs` at the latest. */
  async flush(timeoutMs: number): Promise<void> {
    if (!this.waiting) {
      return;
    }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.stream.flush(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
