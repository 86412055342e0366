import type { HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import type { Log } from '../logging/log.js';
import { DampedStatus, type Finding } from './damped-status.js';
import type { CheckReport, Found, HealthCheck, HealthStatus } from './health-check.js';

const DEFAULTS = { live: false, timeoutMs: 5000, cacheMs: 1000, failures: 3, successes: 2 };
const FINDINGS: Record<string, Finding> = { up: 'healthy', degraded: 'degraded', down: 'unhealthy' };

/** A check that is asked again and again, never twice at a time, and remembers what it said. */
export class MonitoredCheck {
  private readonly check: Required<HealthCheck>;
  private readonly damped: DampedStatus;
  private said: Omit<CheckReport, 'name' | 'status'> = { latency_ms: 0 };
  private asking: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isRunning = false;

  constructor(
    check: HealthCheck,
    private readonly indicators: HealthIndicatorService,
    private readonly log: Log,
  ) {
    this.check = { ...DEFAULTS, ...check, check: (indicator, signal) => check.check(indicator, signal) };
    const { cacheMs, failures, successes } = this.check;
    // Whoever asks by himself decides how often: counting answers would make the status depend on it.
    this.damped = cacheMs === 0 ? new DampedStatus(1, 1) : new DampedStatus(failures, successes);
  }

  get isCritical(): boolean {
    return this.check.critical;
  }

  get isLive(): boolean {
    return this.check.live;
  }

  get status(): HealthStatus {
    return this.damped.status;
  }

  /** Asks now, and from now on every `cacheMs`. */
  start(): void {
    if (!this.isRunning && this.check.cacheMs > 0) {
      this.isRunning = true;
      void this.keepAsking();
    }
  }

  stop(): void {
    this.isRunning = false;
    clearTimeout(this.timer);
  }

  /** Asks, or waits for the answer to who has asked already. */
  refresh(): Promise<void> {
    this.asking ??= this.ask().finally(() => {
      this.asking = undefined;
    });
    return this.asking;
  }

  /** What it said last; one that is not asked in the background is asked now. */
  async report(): Promise<CheckReport> {
    if (this.check.cacheMs === 0) {
      await this.refresh();
    }
    return { name: this.check.name, status: this.status, ...this.said };
  }

  private async keepAsking(): Promise<void> {
    await this.refresh();
    if (this.isRunning) {
      this.timer = setTimeout(() => void this.keepAsking(), this.check.cacheMs).unref();
    }
  }

  private async ask(): Promise<void> {
    const { name, timeoutMs } = this.check;
    const indicator = this.indicators.check(name);
    let said: { found: Found; error?: unknown } | undefined;
    const startMs = performance.now();
    const attempt = await indicator
      .attempt(async ({ signal }) => {
        try {
          said = { found: await this.check.check(indicator, signal) };
        } catch (error) {
          said = { found: indicator.down('The check failed: the log says why.'), error };
        }
      })
      .withTimeout(timeoutMs);
    const latencyMs = Math.round((performance.now() - startMs) * 100) / 100;
    const { found, error } = said ?? { found: attempt }; // without an answer in time, the attempt says so
    const [result] = Object.values(found ?? {});
    if (result) this.take(result, { latencyMs, error });
  }

  private take(result: HealthIndicatorResult[string], { latencyMs, error }: { latencyMs: number; error: unknown }) {
    const { status, message, responseTime: _, ...details } = result;
    this.said = {
      latency_ms: latencyMs,
      ...(typeof message === 'string' && { message }),
      ...(Object.keys(details).length > 0 && { details }),
    };
    const before = this.status;
    if (this.damped.update(FINDINGS[status] ?? 'unhealthy')) {
      this.tell(before, error);
    }
  }

  private tell(before: HealthStatus, error: unknown): void {
    const { name, critical } = this.check;
    const { message: reason } = this.said;
    const fields = { check: name, critical, before, reason, error };
    if (this.status === 'healthy') {
      if (before !== 'unknown') this.log.info(`Health check "${name}" is healthy again`, fields);
    } else this.log.warning(`Health check "${name}" is ${this.status}`, fields);
  }
}
