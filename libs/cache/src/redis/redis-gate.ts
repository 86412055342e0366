import { RedisGateClosedError } from '../cache.errors.js';

/** Decides whether Redis is asked at all, and learns from how it went; a circuit breaker has this shape. */
export interface RedisGate {
  execute<T>(work: () => Promise<T>): Promise<T>;
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
  private failures = 0;
  private retryAtMs = 0;
  private trying = false;

  constructor(private readonly options: CooldownGateOptions) {}

  async execute<T>(work: () => Promise<T>): Promise<T> {
    const trial = this.isClosed;
    if (trial) {
      if (this.trying || performance.now() < this.retryAtMs) {
        throw new RedisGateClosedError();
      }
      this.trying = true;
    }
    try {
      const result = await work();
      this.open();
      return result;
    } catch (error) {
      this.failures++;
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
    this.failures = 0;
  }

  private get isClosed(): boolean {
    return this.failures >= this.options.failures;
  }
}
