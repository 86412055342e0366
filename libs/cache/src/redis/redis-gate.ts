import { RedisGateClosedError } from '../cache.errors.js';
import { FailureStreak } from './failure-streak.js';

/** What a gate is told of a question. */
export interface GateCall {
  /** Its name in metrics. */
  operation: string;
  /** Whether it may be asked again when it fails. */
  idempotent: boolean;
  /** `performance.now()` value after which it is not. */
  deadlineMs?: number | undefined;
}

/** Decides whether and how often Redis is asked, and learns from how it went; a policy of `@app/resilience` has this shape. */
export interface RedisGate {
  execute<T>(work: () => Promise<T>, call?: GateCall): Promise<T>;
}

/** How long a gate bears with failures. */
export interface CooldownGateOptions {
  /** Failures in a row that close the gate. */
  failures: number;
  /** How long it stays closed before one trial is let through. */
  cooldownMs: number;
}

/** Closes after some failures in a row, then lets one trial through now and then until one succeeds. */
export class CooldownGate implements RedisGate {
  private readonly streak = new FailureStreak();
  private retryAtMs = 0;
  private trying = false;

  constructor(private readonly options: CooldownGateOptions) {}

  async execute<T>(work: () => Promise<T>): Promise<T> {
    const startedMs = performance.now();
    const trial = this.isClosed;
    if (trial) {
      if (this.trying || startedMs < this.retryAtMs) {
        throw new RedisGateClosedError();
      }
      this.trying = true;
    }
    try {
      const result = await work();
      this.open();
      return result;
    } catch (error) {
      this.streak.failed(startedMs);
      this.retryAtMs = performance.now() + this.options.cooldownMs;
      throw error;
    } finally {
      if (trial) {
        this.trying = false;
      }
    }
  }

  /** Redis is known to answer again. */
  open(): void {
    this.streak.end();
  }

  private get isClosed(): boolean {
    return this.streak.length >= this.options.failures;
  }
}
