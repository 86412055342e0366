import { Counter, Gauge, type Registry } from 'prom-client';
import type { ServiceLevels } from './service-levels.js';

/** Registers the `slo_*` metrics; they are worked out when a scrape asks. */
export function registerServiceLevelMetrics(registry: Registry, levels: ServiceLevels): void {
  const registers = [registry];
  const { thresholdSeconds, ...objectives } = levels.objectives;
  const requests = new Counter({
    name: 'slo_requests_total',
    help: 'Requests that count for an objective, by outcome.',
    labelNames: ['slo', 'outcome'],
    registers,
    collect() {
      requests.reset();
      for (const [slo, outcomes] of Object.entries(levels.counts())) {
        Object.entries(outcomes).forEach(([outcome, count]) => requests.inc({ slo, outcome }, count));
      }
    },
  });
  const objective = new Gauge({
    name: 'slo_objective_ratio',
    help: 'Share of the requests that the objective promises to be no bad ones.',
    labelNames: ['slo'],
    registers,
  });
  Object.entries(objectives).forEach(([slo, share]) => objective.set({ slo }, share));
  const threshold = new Gauge({
    name: 'slo_latency_threshold_seconds',
    help: 'Time after which an answer is a bad one for the objective of latency.',
    registers,
  });
  threshold.set(thresholdSeconds);
  const budget = new Gauge({
    name: 'slo_error_budget_remaining_ratio',
    help: 'Share of the bad requests allowed since this process started that has not been used up; below 0: missed.',
    labelNames: ['slo'],
    registers,
    collect() {
      Object.entries(levels.budgetRemaining()).forEach(([slo, share]) => budget.set({ slo }, share));
    },
  });
}
