import type { Attempt } from '../breaker/circuit.js';
import type { Watch, Watched } from './watch.js';

/** What a policy runs; it should end soon after the signal aborts. Work that declares no parameter has none made for it. */
export type Work<T> = (signal: AbortSignal) => Promise<T>;

/** What bounds an attempt. */
export interface AttemptBounds {
  /** When it has lasted too long; Infinity: never. */
  dueMs: number;
  /** The caller's signal. */
  signal: AbortSignal | undefined;
  watch: Watch;
  /** Makes the error that it ends with when it lapses. */
  lapsed: (cause: 'time' | 'cancelled', nowMs: number) => Error;
}

/** Handed to work that nothing can abort. */
const NEVER = new AbortController().signal;

/** One attempt at some work: it ends when its time is over or its caller leaves, even if the work does not. */
export class BoundedAttempt<T> implements Attempt<T>, Watched {
  /** Nowhere, until the watch says where. */
  place = -1;
  private controller: AbortController | undefined;
  private resolve!: (value: T) => void;
  private reject!: (error: unknown) => void;

  constructor(
    private readonly work: Work<T>,
    private readonly bounds: AttemptBounds,
  ) {}

  get dueMs(): number {
    return this.bounds.dueMs;
  }

  get signal(): AbortSignal | undefined {
    return this.bounds.signal;
  }

  start(): Promise<T> {
    const { dueMs, signal, watch } = this.bounds;
    if (dueMs === Infinity && !signal) return this.work(NEVER);
    const working = this.begin();
    const ended = new Promise<T>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    watch.add(this);
    working.then(
      (value) => this.succeed(value),
      (error: unknown) => this.fail(error),
    );
    return ended;
  }

  /** A signal is the dearest part of an attempt, and most work has the one of its caller. */
  private begin(): Promise<T> {
    if (this.work.length === 0) return this.work(NEVER);
    this.controller = new AbortController();
    return this.work(this.controller.signal);
  }

  lapse(cause: 'time' | 'cancelled', nowMs: number): void {
    const error = this.bounds.lapsed(cause, nowMs);
    this.reject(error);
    this.controller?.abort(error);
  }

  // Neither has an effect when the attempt has lapsed: the late result is nobody's any more.
  private succeed(value: T): void {
    this.bounds.watch.remove(this);
    this.resolve(value);
  }

  private fail(error: unknown): void {
    this.bounds.watch.remove(this);
    this.reject(error);
  }
}
