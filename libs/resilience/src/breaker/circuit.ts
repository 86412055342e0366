import { EventEmitter } from 'node:events';
import CircuitBreaker from 'opossum';
import { failureKind, type ClassifyFailure } from '../policy/failure-kind.js';

/** Something that can be started once. */
export interface Attempt<T> {
  start(): Promise<T>;
}

type Opossum = CircuitBreaker<[Attempt<unknown>]>;

const ROTATE_MS = 1000;
const BUCKETS = 10;

/**
 * The opossum breaker underneath: it runs the calls, keeps its gate open or closed and its rolling statistics.
 * When to open and when to close is decided above it, because opossum knows neither failures in a row nor several trials.
 */
export class Circuit {
  private readonly opossum: Opossum;
  private readonly rotation = new EventEmitter();
  private rotatesMs: number;

  constructor(name: string, nowMs: number, classify: ClassifyFailure | undefined) {
    this.rotatesMs = nowMs + ROTATE_MS;
    this.opossum = new CircuitBreaker((attempt: Attempt<unknown>) => attempt.start(), {
      name,
      timeout: false, // an attempt ends itself: opossum's timer is one for each call, and leaves the work running
      volumeThreshold: Number.MAX_SAFE_INTEGER, // never opens of its own accord
      resetTimeout: 2 ** 31 - 1, // nor lets anything through for 24 days, the most there is
      rollingCountTimeout: ROTATE_MS * BUCKETS,
      rollingCountBuckets: BUCKETS,
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
      rotateBucketController: this.rotation, // turned by our clock, so that no timer of opossum's runs
      errorFilter: (error: unknown) => failureKind(error, classify) !== 'failure',
    });
  }

  fire<T>(attempt: Attempt<T>, nowMs: number): Promise<T> {
    if (nowMs >= this.rotatesMs) this.rotate(nowMs);
    return this.opossum.fire(attempt) as Promise<T>;
  }

  /** Counts a call that was turned away. */
  reject(error: Error): void {
    this.opossum.emit('reject', error);
  }

  open(): void {
    this.opossum.open();
  }

  close(): void {
    this.opossum.close();
  }

  private rotate(nowMs: number): void {
    for (let turns = 0; turns < BUCKETS && nowMs >= this.rotatesMs; turns++) {
      this.rotation.emit('rotate');
      this.rotatesMs += ROTATE_MS;
    }
    this.rotatesMs = Math.max(this.rotatesMs, nowMs);
  }
}
