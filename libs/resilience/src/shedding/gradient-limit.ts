import { SYSTEM_CLOCK, type Clock } from '../clock.js';
import type { WorkCost } from './work-cost.js';

/** How the limit of calls under way follows what the server can do. */
export interface GradientLimitOptions {
  /** Never fewer than this, unless so many would be a long queue; default 16. */
  minLimit?: number;
  /** What one more call costs the workers behind; without it the limit never goes below `minLimit`. */
  cost?: WorkCost;
  /** Never more than this; default 1000. */
  maxLimit?: number;
  /** Where it begins; default 64. */
  initialLimit?: number;
  /** Queueing is accepted that makes calls longer by a tenth, or by this many ms if that is more: of 1 ms a tenth is mere noise; default 5. */
  toleratedMs?: number;
  /** Fewest calls that are judged at once, unless a second has passed; default 30. */
  windowCalls?: number;
}

type Settings = Required<Omit<GradientLimitOptions, 'cost'>>;

const DEFAULTS: Settings = {
  minLimit: 16,
  maxLimit: 1000,
  initialLimit: 64,
  toleratedMs: 5,
  windowCalls: 30,
};

/** Shortest time that is judged at once. */
const WINDOW_MS = 100;
/** Calls that may always wait: without them the limit could never be seen to be too low. */
const HEADROOM = 4;
const TOLERANCE = 0.1;
/** How often the time that calls take alone is measured anew under lasting load. */
const PROBE_MS = 30_000;
const SMOOTHING = 0.5;
const MIN_GRADIENT = 0.5;
const MAX_GRADIENT = 1.2;
const AFTER_DROP = 0.9;
const DOUBTFUL = 0.9;
/** A queue of calls that the workers work off in so many ms is worth having, however many calls that are. */
const WORTHY_QUEUE_MS = 60;
/** Part of `minLimit` that is left where calls take the workers long. */
const LEAST_SHARE = 1 / 8;
/** Weight of a new window in the time that calls take alone. */
const LEARNING = 0.1;
/** So many windows at the floor mean that calls take longer than they used to, even alone. */
const FLOOR_WINDOWS = 5;

/**
 * A limit of concurrency that follows latency: while calls take no longer than they do alone, it grows; when they take
 * longer they queue, and it shrinks in proportion. After Envoy's adaptive concurrency filter (the gradient to a minimum
 * that is measured anew now and then) and Netflix's Gradient2 (constant headroom, no growth while the limit is not used).
 * Latency alone misleads where refusals keep the serving thread busy: calls take long then, however few there are. So the
 * limit has a floor, which is what the workers behind can do within 60 ms.
 */
export class GradientLimit {
  private readonly options: Settings;
  private readonly cost: WorkCost | undefined;
  private current: number;
  /** Mean time of calls that do not wait for each other, in ms. */
  private aloneMs: number | undefined;
  private nextProbeMs = Infinity;
  /** While fewer calls than usual are let in, to see how long they take then. */
  private isProbing = false;
  private windowStartMs: number;
  private sumMs = 0;
  private calls = 0;
  private peak = 0;
  private dropped = false;
  private windowsAtFloor = 0;

  constructor(
    { cost, ...options }: GradientLimitOptions = {},
    private readonly clock: Clock = SYSTEM_CLOCK,
  ) {
    this.options = { ...DEFAULTS, ...options };
    this.cost = cost;
    const { minLimit, maxLimit, initialLimit } = this.options;
    this.current = Math.min(maxLimit, Math.max(minLimit, initialLimit));
    this.windowStartMs = clock.now();
  }

  /** Calls that may be under way. */
  get limit(): number {
    return Math.floor(this.current);
  }

  /** What holds for calls that can wait: half of it while the time that calls take alone is measured. */
  get probedLimit(): number {
    if (!this.isProbing) return this.limit;
    return Math.min(this.limit, Math.max(this.floor, Math.floor(this.current / 2)));
  }

  /** A call was answered that began at `startedMs`, with `inflight` under way. */
  onAnswer(startedMs: number, inflight: number, nowMs: number): void {
    if (inflight > this.peak) this.peak = inflight;
    if (nowMs < this.windowStartMs) return; // has met the crowd from before the probe
    this.sumMs += nowMs - startedMs;
    this.calls++;
    if (nowMs - this.windowStartMs >= WINDOW_MS) this.judgeWindow(nowMs);
  }

  /**
   * A call was given up that began at `startedMs`: the clearest sign of too much, unless it had less time than calls may
   * take when all is well. That is its caller's doing.
   */
  onDrop(startedMs: number, nowMs: number): void {
    if (nowMs - startedMs < this.wantedMs(this.aloneMs ?? 0)) return;
    this.dropped = true;
    if (nowMs - this.windowStartMs >= WINDOW_MS) this.judgeWindow(nowMs);
  }

  private judgeWindow(nowMs: number): void {
    const meanMs = this.calls > 0 ? this.sumMs / this.calls : undefined;
    if (!this.dropped && !this.isWindowLongEnough(meanMs ?? 0, nowMs)) return;
    this.windowStartMs = nowMs;
    if (meanMs !== undefined) this.learn(meanMs, nowMs);
    if (this.dropped) this.moveTo(this.current * AFTER_DROP);
    this.sumMs = this.calls = this.peak = 0;
    this.dropped = false;
  }

  /** Short calls end first: a window must be longer than calls are, and much longer if it is the first one. */
  private isWindowLongEnough(meanMs: number, nowMs: number): boolean {
    const ageMs = nowMs - this.windowStartMs;
    if (ageMs >= 10 * WINDOW_MS) return true;
    return this.calls >= this.options.windowCalls && ageMs >= (this.aloneMs === undefined ? 5 : 1) * meanMs;
  }

  private learn(meanMs: number, nowMs: number): void {
    if (this.aloneMs === undefined || this.isProbing) {
      this.measured(meanMs, nowMs);
      return;
    }
    if (this.peak < this.current / 2 || meanMs < this.aloneMs) this.aloneMs += LEARNING * (meanMs - this.aloneMs);
    this.follow(meanMs, this.aloneMs);
    this.windowsAtFloor = this.current <= this.floor ? this.windowsAtFloor + 1 : 0;
    if (this.windowsAtFloor >= FLOOR_WINDOWS) this.measured(meanMs, nowMs);
    else if (nowMs >= this.nextProbeMs) this.probe(meanMs, nowMs);
  }

  /** Lets in half as many, and looks how long calls take once those that were there before have ended. */
  private probe(meanMs: number, nowMs: number): void {
    this.isProbing = true;
    this.windowStartMs = nowMs + 2 * meanMs;
  }

  private follow(meanMs: number, aloneMs: number): void {
    const gradient = Math.min(MAX_GRADIENT, Math.max(MIN_GRADIENT, this.wantedMs(aloneMs) / meanMs));
    const target = this.current * gradient + HEADROOM;
    if (target > this.current && this.peak < this.current / 2) {
      this.moveTo(Math.min(this.current, this.worthyQueue)); // nobody knows what more would do
      return;
    }
    this.moveTo(this.current + SMOOTHING * (target - this.current));
  }

  /** What calls may take that take so long alone. */
  private wantedMs(aloneMs: number): number {
    return aloneMs + Math.max(TOLERANCE * aloneMs, this.options.toleratedMs);
  }

  private moveTo(limit: number): void {
    this.current = Math.min(this.options.maxLimit, Math.max(this.floor, limit));
  }

  /** Calls that the workers work off in a time worth waiting. */
  private get worthyQueue(): number {
    return WORTHY_QUEUE_MS / (this.cost?.callMs ?? 0);
  }

  private get floor(): number {
    const { minLimit } = this.options;
    return Math.min(minLimit, Math.max(1, minLimit * LEAST_SHARE, this.worthyQueue));
  }

  private measured(meanMs: number, nowMs: number): void {
    // The first time may have been measured in a queue; so may one that a probe has shown to be far too long.
    const isDoubtful = this.aloneMs === undefined || meanMs < DOUBTFUL * this.aloneMs;
    const waitMs = isDoubtful ? PROBE_MS / 10 : PROBE_MS;
    this.nextProbeMs = nowMs + waitMs * (1 + 0.2 * this.clock.random());
    this.aloneMs = meanMs;
    this.isProbing = false;
    this.windowsAtFloor = 0;
  }
}
