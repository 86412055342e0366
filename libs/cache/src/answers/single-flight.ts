import { BoundedAttempt, Watch } from '@app/resilience';
import { SharedWaitExpiredError } from '../cache.errors.js';

/** How one caller's wait is bounded; the computation it waits for is not. */
export interface WaitBounds {
  /** Aborted when this caller does not wait any more. */
  signal?: AbortSignal | undefined;
  /** `performance.now()` value after which the answer is worthless to this caller. */
  deadlineMs?: number | undefined;
}

/** Computes something; the signal is aborted when nobody waits for it any more. */
export type Computation<T> = (signal: AbortSignal) => Promise<T>;

interface Flight<T> {
  /** Both are there until it has landed: what a Map leaves behind when it grows or shrinks lives long, and should hold little. */
  answer: Promise<T> | undefined;
  abandoned: AbortController | undefined;
  waiting: number;
}

/**
 * One computation for each key at a time: whoever asks meanwhile waits for it, too. A caller that gives up ends its own
 * wait alone, be it the one that came first; the computation goes on as long as anybody waits.
 */
export class SingleFlight<T> {
  private readonly flights = new Map<string, Flight<T>>();
  private readonly watch = new Watch();

  /** Whether an answer to this is being computed. */
  has(key: string): boolean {
    return this.flights.has(key);
  }

  /** Waits for the computation under way, or starts it. */
  run(key: string, compute: Computation<T>, { signal, deadlineMs = Infinity }: WaitBounds = {}): Promise<T> {
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    if (performance.now() >= deadlineMs) return Promise.reject(new SharedWaitExpiredError());
    const flight = this.flights.get(key) ?? this.start(key, compute);
    flight.waiting++;
    const lapsed = (cause: 'time' | 'cancelled') => {
      this.leave(key, flight);
      return cause === 'time' ? new SharedWaitExpiredError() : (signal?.reason as Error);
    };
    const wait = { dueMs: deadlineMs, signal, watch: this.watch, lapsed };
    return new BoundedAttempt(() => flight.answer as Promise<T>, wait).start();
  }

  private start(key: string, compute: Computation<T>): Flight<T> {
    const abandoned = new AbortController();
    const flight: Flight<T> = { answer: undefined, abandoned, waiting: 0 };
    this.flights.set(key, flight);
    const land = () => {
      this.forget(key, flight);
      flight.answer = undefined;
      flight.abandoned = undefined;
    };
    flight.answer = begin(compute, abandoned.signal);
    // Before the callers hear of it, by their own waits; there may be none left to hear of a failure.
    flight.answer.then(land, land);
    return flight;
  }

  private leave(key: string, flight: Flight<T>): void {
    flight.waiting--;
    if (flight.waiting > 0 || !flight.abandoned) return;
    this.forget(key, flight); // whoever comes now starts anew rather than sharing an end
    flight.abandoned.abort();
  }

  private forget(key: string, flight: Flight<T>): void {
    if (this.flights.get(key) === flight) this.flights.delete(key);
  }
}

/** One that throws at once is like one that throws later. */
function begin<T>(compute: Computation<T>, signal: AbortSignal): Promise<T> {
  try {
    return compute(signal);
  } catch (error) {
    return Promise.reject(error);
  }
}
