import { until } from '../scripts/test-support/until.js';
import type { BenchServer } from './bench-server.js';
import { readMetric } from './read-metric.js';

const TIMEOUT_MS = 180_000;
const POLL_MS = 100;

/** Waits until all that was recorded is in the table; then the worker, if it is given, rests until the next time. */
export async function settle(apis: readonly BenchServer[], worker?: BenchServer): Promise<void> {
  worker?.resume();
  for (const { name, port } of apis) {
    const complaint = () => `the records of ${name} do not get into the table`;
    const isSettled = async () => (await readMetric(port, 'audit_spool_records')) === 0;
    await until(isSettled, { timeoutMs: TIMEOUT_MS, pollMs: POLL_MS, complaint });
  }
  worker?.freeze();
}
