/** Says that a breaker of some replica has opened. */
export interface Opening {
  policy: string;
  /** The replica it opened on. */
  workerId: string;
}

/** Tells openings to the other replicas; neither member may throw. */
export interface BreakerBus {
  publish(opening: Opening): void;
  /** Hears what other replicas publish. */
  subscribe(listener: (opening: Opening) => void): void;
}
