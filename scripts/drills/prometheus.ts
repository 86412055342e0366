import { askPrometheus, TestPrometheus, type TestPrometheusOptions } from '../test-support/prometheus.js';
import { until } from '../test-support/until.js';
import { fasterRules } from './faster-rules.js';
import type { ActiveAlert } from './stack.js';

/** Scrapes and evaluations come as often as every so many seconds would in the time of the alerts. */
const SCRAPE_SECONDS = 30;

/** Starts a real Prometheus with Falcon's own alerts, whose time runs `factor` times faster; it has seen every target. */
export async function watchFaster(factor: number, jobs: TestPrometheusOptions['jobs']): Promise<TestPrometheus> {
  const prometheus = await TestPrometheus.start({
    jobs,
    intervalMs: Math.round((SCRAPE_SECONDS * 1000) / factor),
    changeRules: (text) => fasterRules(text, factor),
  });
  try {
    await whenWatching(prometheus.url, Object.values(jobs).flatMap(Object.keys).length);
    return prometheus;
  } catch (error) {
    await prometheus.stop();
    throw error;
  }
}

/** What a Prometheus says of its alerts: those that are pending or fire. */
export async function activeAlerts(url: string): Promise<ActiveAlert[]> {
  type Answer = { alerts: { state: ActiveAlert['state']; labels: Record<string, string> }[] };
  const { alerts } = await askPrometheus<Answer>(url, 'alerts');
  return alerts.map(({ state, labels }) => ({ name: labels['alertname'] ?? '', state, labels }));
}

/** Waits until it has seen every target, and every alert has been looked at. */
async function whenWatching(url: string, targets: number): Promise<void> {
  const complaint = () => `Prometheus has not seen all of ${targets} targets in time.`;
  await until(() => hasSeen(url, targets), { pollMs: 100, complaint });
}

async function hasSeen(url: string, targets: number): Promise<boolean> {
  type Seen = { result: { value: [number, string] }[] };
  const seen = await askPrometheus<Seen>(url, 'query', { query: 'count(up==1)' });
  const rules = await askPrometheus<{ groups: { lastEvaluation: string }[] }>(url, 'rules');
  return (
    seen.result[0]?.value[1] === String(targets) &&
    rules.groups.every(({ lastEvaluation }) => !lastEvaluation.startsWith('0001'))
  );
}
