/** Signs of overload besides latency, sampled now and then. */
export interface PressureOptions {
  /** Delay of the event loop, in two samples running, at which low priority is refused; at twice of it normal, at four times high. Default 100. */
  maxEventLoopDelayMs?: number;
  /** Resident bytes of the process that are all it should have: low is refused at 0.9, normal at 0.95, high at 1 of it. */
  maxRssBytes?: number;
}

/** Why pressure makes a server refuse. */
export type PressureReason = 'event_loop' | 'memory';

/** What a load shedder asks besides its limit. */
export interface PressureSource {
  /** Priorities refused, counted from the lowest: 0 none, 1 low, 2 normal, too, 3 high, too. */
  readonly level: number;
  readonly reason: PressureReason;
}

/** No pressure, ever. */
export const NO_PRESSURE: PressureSource = { level: 0, reason: 'event_loop' };

/** How often it is looked. */
const SAMPLE_MS = 100;
const DELAY_LEVELS = [1, 2, 4];
const MEMORY_LEVELS = [0.9, 0.95, 1];
/** Memory changes slowly and costs a system call to read: it is looked at once in so many samples. */
const MEMORY_EVERY = 10;

/** Watches event loop and memory of this process. */
export class Pressure implements PressureSource {
  level = 0;
  reason: PressureReason = 'event_loop';
  private readonly maxDelayMs: number;
  private readonly maxRssBytes: number;
  private timer: NodeJS.Timeout | undefined;
  private lastMs = 0;
  private samples = 0;
  private memoryLevel = 0;
  private delayLevel = 0;

  constructor(
    { maxEventLoopDelayMs = 100, maxRssBytes = Infinity }: PressureOptions = {},
    private readonly rssBytes: () => number = () => process.memoryUsage.rss(),
  ) {
    this.maxDelayMs = maxEventLoopDelayMs;
    this.maxRssBytes = maxRssBytes;
  }

  start(): void {
    this.lastMs = performance.now();
    this.timer ??= setInterval(() => this.sample(), SAMPLE_MS).unref();
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.level = this.delayLevel = 0;
  }

  private sample(): void {
    const nowMs = performance.now();
    const delayMs = nowMs - this.lastMs - SAMPLE_MS; // by so much this timer was late
    this.lastMs = nowMs;
    if (this.samples++ % MEMORY_EVERY === 0) {
      this.memoryLevel = levelOf(this.rssBytes() / this.maxRssBytes, MEMORY_LEVELS);
    }
    const before = this.delayLevel;
    this.delayLevel = levelOf(delayMs / this.maxDelayMs, DELAY_LEVELS);
    // One pause alone, of a collection of garbage or of a process that was frozen, is over when it is seen.
    const lasting = Math.min(before, this.delayLevel);
    this.level = Math.max(lasting, this.memoryLevel);
    this.reason = this.memoryLevel > lasting ? 'memory' : 'event_loop';
  }
}

function levelOf(ratio: number, levels: readonly number[]): number {
  return levels.filter((threshold) => ratio >= threshold).length;
}
