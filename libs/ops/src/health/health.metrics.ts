import { Gauge, type Registry } from 'prom-client';
import { HEALTH_STATUSES } from './health-check.js';
import type { HealthChecks } from './health-checks.js';

/** Registers `health_check_status`: what the probes are told, for those who watch many processes. */
export function registerHealthMetrics(registry: Registry, checks: HealthChecks): void {
  const gauge: Gauge = new Gauge({
    name: 'health_check_status',
    help: '1 for the status that the check has, 0 for the others.',
    labelNames: ['check', 'critical', 'status'],
    registers: [registry],
    async collect() {
      for (const { name, isCritical, status } of await checks.statuses()) {
        const labels = { check: name, critical: String(isCritical) };
        HEALTH_STATUSES.forEach((each) => gauge.set({ ...labels, status: each }, Number(each === status)));
      }
    },
  });
}
