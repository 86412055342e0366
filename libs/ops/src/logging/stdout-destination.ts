import { pino } from 'pino';

/** Lines that may wait until whoever reads stdout has time for them; more are dropped, and the drop is told. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;
/** Each write costs the thread pool a hundred times what its line costs: lines that come close together share one. */
const GATHER_MS = 20;
const MAX_GATHERED = 8192;

type Destination = ReturnType<typeof pino.destination>;

/** Stdout, written by the thread pool: whoever reads it slowly, or not at all, does not hold requests up. */
export class StdoutDestination {
  private readonly stream: Destination;
  private gathered = '';
  private timer: NodeJS.Timeout | undefined;
  private passedMs = -Infinity;
  private isWriting = false;
  private dropped = 0;

  /** @param onDropped is told how many lines were dropped, once there is room again */
  constructor(onDropped: (lines: number) => void, fd = 1, maxWaitingBytes = MAX_WAITING_BYTES) {
    // Before pino's own, which waits for what the stream has.
    process.once('beforeExit', () => this.pass());
    // With minLength 0 the stream's flush() would not wait for what is being written.
    this.stream = pino.destination({ fd, sync: false, minLength: 1, maxLength: maxWaitingBytes });
    // Called at the exit, its own would try until somebody reads or the disk has room. Whoever ends the process has flushed before.
    this.stream.flushSync = () => undefined;
    this.stream.on('drop', (lines: string) => (this.dropped += lines.split('\n').length - 1));
    this.stream.on('error', () => undefined); // a full disk costs lines, not the service; the next line tries again
    this.stream.on('drain', () => {
      this.isWriting = false;
      const lines = this.dropped;
      this.dropped = 0;
      if (lines > 0) {
        onDropped(lines);
      }
    });
  }

  write(line: string): void {
    this.gathered += line;
    if (this.gathered.length >= MAX_GATHERED || performance.now() - this.passedMs > GATHER_MS) {
      this.pass();
    } else {
      this.timer ??= setTimeout(() => this.pass(), GATHER_MS).unref();
    }
  }

  /** Resolves when everything is written, after `timeoutMs` at the latest. */
  async flush(timeoutMs: number): Promise<void> {
    this.pass();
    if (!this.isWriting) {
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

  private pass(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.gathered !== '') {
      this.isWriting = true;
      this.passedMs = performance.now();
      this.stream.write(this.gathered);
      this.gathered = '';
    }
  }
}
