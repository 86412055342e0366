/** Where time and chance come from; tests bring their own. */
export interface Clock {
  /** Milliseconds on a scale that never jumps back. */
  now(): number;
  /** A number from 0 up to, but not including, 1. */
  random(): number;
}

/** The time of this process, on the scale that deadlines are given in. */
export const SYSTEM_CLOCK: Clock = { now: () => performance.now(), random: () => Math.random() };
