import type { HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';

/** How something is; `unknown`: it has not been asked yet. */
export const HEALTH_STATUSES = ['healthy', 'degraded', 'unhealthy', 'unknown'] as const;
export type HealthStatus = (typeof HEALTH_STATUSES)[number];

/** Says `up()`, `degraded(...)` or `down(...)` for a check; Terminus's own. */
export type Indicator = ReturnType<HealthIndicatorService['check']>;

/** What a check says; Terminus's own, so that its indicators can be used. */
export type Found = HealthIndicatorResult | undefined;

/** Something that can be asked how it is. */
export interface HealthCheck<Name extends string = string> {
  /** Its name in paths and answers. */
  name: Name;
  /** Whether the service cannot do its work without it: readiness and startup depend on it. */
  critical: boolean;
  /** Whether only a restart can help when it is unhealthy; nothing that lives elsewhere may be. Default false. */
  live?: boolean;
  /** Longest time that asking may take; default 5000. */
  timeoutMs?: number;
  /** How often it is asked in the background, whoever probes; default 1000. 0: every probe asks, and gets what it says. */
  cacheMs?: number;
  /** Answers in a row that it takes to be unhealthy; default 3. */
  failures?: number;
  /** Answers in a row that it takes to be well again; default 2. */
  successes?: number;
  /**
   * Asks. What it says is public: no addresses, no names of users; what it throws goes into the log and counts as `down`.
   * @returns undefined when it cannot say yet
   */
  check(indicator: Indicator, signal: AbortSignal): Found | Promise<Found>;
}

/** What a probe is told of one check. */
export interface CheckReport {
  name: string;
  status: HealthStatus;
  latency_ms: number;
  message?: string;
  details?: Record<string, unknown>;
}

/** What a probe is told. */
export interface HealthReport {
  status: HealthStatus;
  checks: CheckReport[];
}
