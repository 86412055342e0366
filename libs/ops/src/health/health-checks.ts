import { setTimeout as sleep } from 'node:timers/promises';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import type { HealthIndicatorService } from '@nestjs/terminus';
import type { Log } from '../logging/log.js';
import type { CheckReport, HealthCheck, HealthReport, HealthStatus } from './health-check.js';
import { MonitoredCheck } from './monitored-check.js';

/** Who asks: is the process alive, should requests be sent here, has the start succeeded. */
export type Probe = 'live' | 'ready' | 'startup';

/** How long a start may take, and how often to look. */
export interface StartupBounds {
  timeoutMs: number;
  intervalMs?: number;
}

/** All checks of a process by name: inject it and `add` one's own. Probes read what the checks have said last. */
export class HealthChecks implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly checks = new Map<string, MonitoredCheck>();
  private readonly stopped = new AbortController();
  private isStarted = false;

  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly log: Log,
  ) {}

  /** @throws {Error} when the name is taken, or cannot be part of a path. */
  add(check: HealthCheck): void {
    if (!/^[\w-]{1,64}$/.test(check.name) || this.checks.has(check.name)) {
      throw new Error(`A health check needs a name of its own, of letters, digits, "_" and "-": "${check.name}".`);
    }
    const monitored = new MonitoredCheck(check, this.indicators, this.log);
    this.checks.set(check.name, monitored);
    if (this.isStarted) monitored.start();
  }

  onApplicationBootstrap(): void {
    this.isStarted = true;
    for (const check of this.checks.values()) check.start();
  }

  onApplicationShutdown(): void {
    this.stopped.abort();
    for (const check of this.checks.values()) check.stop();
  }

  /** Asks one check now instead of when it is due. */
  async refresh(name: string): Promise<void> {
    await this.checks.get(name)?.refresh();
  }

  /** The checks that matter to a probe, and what follows from them. */
  async report(probe: Probe): Promise<HealthReport> {
    const asked = [...this.checks.values()].filter(
      (check) => probe === 'ready' || (probe === 'live' ? check.isLive : check.isCritical),
    );
    const checks = await Promise.all(asked.map((check) => check.report()));
    return { status: overall(checks, (k) => probe === 'live' || asked[k]?.isCritical === true), checks };
  }

  /** One check; undefined when there is none of this name. */
  async reportOf(name: string): Promise<CheckReport | undefined> {
    return this.checks.get(name)?.report();
  }

  /** How every check is, and whether readiness depends on it. */
  async statuses(): Promise<{ name: string; isCritical: boolean; status: HealthStatus }[]> {
    const checks = [...this.checks.values()];
    const reports = await Promise.all(checks.map((check) => check.report()));
    return reports.map(({ name, status }, k) => ({ name, status, isCritical: checks[k]?.isCritical === true }));
  }

  /**
   * Resolves to the report of the critical checks as soon as all of them are well, or after `timeoutMs` as they are then;
   * to undefined when the application is closed first.
   */
  async waitUntilHealthy({ timeoutMs, intervalMs = 2000 }: StartupBounds): Promise<HealthReport | undefined> {
    const { signal } = this.stopped;
    const giveUpMs = performance.now() + timeoutMs;
    while (!signal.aborted) {
      const report = await this.report('startup');
      const leftMs = giveUpMs - performance.now();
      if (isUsable(report.status) || leftMs <= 0) return report;
      await sleep(Math.min(intervalMs, leftMs), undefined, { signal, ref: false }).catch(() => undefined); // the end cuts it short
    }
    return undefined;
  }
}

/** Whether what has this status does its work. */
export function isUsable(status: HealthStatus): boolean {
  return status === 'healthy' || status === 'degraded';
}

function overall(checks: readonly CheckReport[], isCritical: (index: number) => boolean): HealthStatus {
  const critical = checks.filter((_, k) => isCritical(k)).map(({ status }) => status);
  for (const status of ['unhealthy', 'unknown'] as const) if (critical.includes(status)) return status;
  return checks.every(({ status }) => status === 'healthy') ? 'healthy' : 'degraded';
}
