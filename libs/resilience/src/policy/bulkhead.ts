import { BulkheadFullError, CallCancelledError, DeadlineExceededError, withoutStack } from '../resilience.errors.js';
import type { Watch, Watched } from './watch.js';

/** How many calls of a policy run and wait at most; of those that are urgent as many again may run. */
export interface BulkheadOptions {
  maxConcurrent: number;
  /** Most calls that wait for a place; default 0: one too many is refused at once. */
  maxWaiting?: number;
  /** Longest that one waits, in ms; default 100. */
  maxWaitMs?: number;
}

const DEFAULT_MAX_WAIT_MS = 100;

/** What bounds the wait of one caller. */
export interface WaitBounds {
  deadlineMs: number;
  signal: AbortSignal | undefined;
  isUrgent?: boolean | undefined;
}

class Waiter implements Watched {
  readonly admitted: Promise<void>;
  admit!: () => void;
  private reject!: (error: Error) => void;

  constructor(
    readonly dueMs: number,
    readonly signal: AbortSignal | undefined,
    readonly isUrgent: boolean,
    private readonly lapsed: (waiter: Waiter, cause: 'time' | 'cancelled', nowMs: number) => Error,
  ) {
    this.admitted = new Promise((resolve, reject) => {
      this.admit = resolve;
      this.reject = reject;
    });
  }

  lapse(cause: 'time' | 'cancelled', nowMs: number): void {
    this.reject(this.lapsed(this, cause, nowMs));
  }
}

/** Keeps one dependency from taking all there is: so many calls at once, a bounded queue, a bounded wait in it. */
export class Bulkhead {
  private runningCalls = 0;
  private readonly waiters = new Set<Waiter>(); // in order of arrival

  constructor(
    private readonly policy: string,
    private readonly options: BulkheadOptions,
    private readonly watch: Watch,
    private readonly now: () => number,
  ) {}

  get running(): number {
    return this.runningCalls;
  }

  get waiting(): number {
    return this.waiters.size;
  }

  /** Takes a place if one is free and nobody waits for it. For what is urgent there are as many again, for it alone. */
  tryEnter(isUrgent = false): boolean {
    const { maxConcurrent } = this.options;
    const isFree = this.runningCalls < maxConcurrent && this.waiters.size === 0;
    if (!isFree && !(isUrgent && this.runningCalls < 2 * maxConcurrent)) return false;
    this.runningCalls++;
    return true;
  }

  /** Waits for a place. @throws {BulkheadFullError | DeadlineExceededError | CallCancelledError} */
  async enter({ deadlineMs, signal, isUrgent = false }: WaitBounds): Promise<void> {
    const { maxWaiting = 0, maxWaitMs = DEFAULT_MAX_WAIT_MS } = this.options;
    if (this.waiters.size >= maxWaiting) throw this.full();
    if (signal?.aborted) throw new CallCancelledError(this.policy);
    const dueMs = Math.min(this.now() + maxWaitMs, deadlineMs);
    const waiter = new Waiter(dueMs, signal, isUrgent, (lapsed, cause, nowMs) => {
      this.waiters.delete(lapsed);
      if (cause === 'cancelled') return new CallCancelledError(this.policy);
      const remainingMs = deadlineMs - nowMs;
      return remainingMs <= 0 ? new DeadlineExceededError(`${this.policy}.bulkhead`, remainingMs) : this.full();
    });
    this.waiters.add(waiter);
    this.watch.add(waiter);
    await waiter.admitted;
  }

  /** Gives the place back, to the one that has waited longest if any does. */
  leave(): void {
    const next = this.next();
    if (!next) {
      this.runningCalls--;
      return;
    }
    this.waiters.delete(next);
    this.watch.remove(next);
    next.admit();
  }

  private next(): Waiter | undefined {
    const [first] = this.waiters;
    if (this.runningCalls <= this.options.maxConcurrent) return first;
    return [...this.waiters].find(({ isUrgent }) => isUrgent); // the place is one of those for what is urgent
  }

  private full(): BulkheadFullError {
    return withoutStack(() => new BulkheadFullError(this.policy, this.runningCalls, this.waiters.size));
  }
}
