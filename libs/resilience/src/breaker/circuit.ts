import { EventEmitter } from 'node:events';
import CircuitBreaker from 'opossum';
import { failureKind, type ClassifyFailure } from '../policy/failure-kind.js';

/** Something that can be started once. */
export interface Attempt<T> {
  start(): Promise<T>;
}

type Opossum = CircuitBreaker<[Attempt<unknown>]>;

const FORGET_MS = 1000;

/**
 * The opossum breaker underneath: it runs the calls and keeps its gate open or closed.
 * When to open and when to close is decided above it, because opossum knows neither failures in a row nor several trials.
 */
export class Circuit {
  private readonly opossum: Opossum;
  private readonly forgetting = new EventEmitter();
  private forgetsMs: number;

  constructor(name: string, nowMs: number, classify: ClassifyFailure | undefined) {
    this.forgetsMs = nowMs + FORGET_MS;
    this.opossum = new CircuitBreaker((attempt: Attempt<unknown>) => attempt.start(), {
      name,
      timeout: false, // an attempt ends itself: opossum's timer is one for each call, and leaves the work running
      volumeThreshold: Number.MAX_SAFE_INTEGER, // never opens of its own accord
      resetTimeout: 2 ** 31 - 1, // nor lets anything through for 24 days, the most there is
      rollingCountTimeout: FORGET_MS,
      rollingCountBuckets: 1,
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
      rotateBucketController: this.forgetting, // it collects latencies, which nobody reads: forgotten by our clock, no timer runs
      errorFilter: (error: unknown) => failureKind(error, classify) !== 'failure',
    });
  }

  fire<T>(attempt: Attempt<T>, nowMs: number): Promise<T> {
    if (nowMs >= this.forgetsMs) {
      this.forgetting.emit('rotate');
      this.forgetsMs = nowMs + FORGET_MS;
    }
    return this.opossum.fire(attempt) as Promise<T>;
  }

  open(): void {
    this.opossum.open();
  }

  close(): void {
    this.opossum.close();
  }
}
