import type { Clock } from '../src/clock.js';

/** Time that passes when a test says so, and chance that is none. */
export class VirtualClock implements Clock {
  nowMs = 0;
  /** What `random()` gives; 0.5 is the middle of every jitter. */
  chance = 0.5;

  now(): number {
    return this.nowMs;
  }

  random(): number {
    return this.chance;
  }

  advance(ms: number): void {
    this.nowMs += ms;
  }
}
