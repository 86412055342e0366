import { setTimeout as sleep } from 'node:timers/promises';
import { TestPrometheus } from '../../scripts/test-support/prometheus.js';
import type { BenchServer } from '../bench-server.js';
import type { LoadGenerator } from '../load/load-generator.js';
import { say } from '../reporting.js';
import { withHotServers } from '../resilience/hot-servers.js';
import type { Production } from '../resilience/production.js';
import { MixedCallers } from './mixed-callers.js';

/** As operators have it: deploy/prometheus/prometheus.yml. */
const SCRAPE_MS = 5000;
const SETTINGS = { INFERENCE_WORKERS: '1', RATE_LIMIT_OVERRIDES: 'trial=30:5' };
const HEAT_UP_MS = 2000;
/** Part of the time that each fault takes. */
const FAULT_SHARE = 0.1;
/** Far more than one server can do. */
const OVERLOAD = { path: '/infer', seed: 1, criticalShare: 0.1, timeoutMs: 1000, connections: 100 };
const OVERLOAD_PER_SECOND = 2000;

/**
 * Two servers, the audit worker and their services under mixed requests for so many minutes, with an overload of one server after a
 * quarter of the time, the cache away after the half and Postgres away after three quarters, each for a tenth of it. `look` gets the
 * address of the Prometheus that has watched.
 */
export async function loadedRun(
  minutes: number,
  logFolder: string,
  look: (url: string) => Promise<void>,
): Promise<void> {
  await withHotServers({ heatUpMs: HEAT_UP_MS }, logFolder, async ({ generator, production, start }) => {
    const servers = [
      await start(production.api('worker-1', SETTINGS)),
      await start(production.api('worker-2', SETTINGS)),
    ] as const;
    const prometheus = await watch(servers, production.services.worker);
    const callers = new MixedCallers(servers.map(({ port }) => port));
    try {
      const totalMs = minutes * 60_000;
      await sleep(totalMs / 4);
      await overload(generator, servers[0], totalMs * FAULT_SHARE);
      await spoil(production, totalMs);
      await look(prometheus.url);
    } finally {
      await callers.stop();
      await prometheus.stop();
    }
  });
}

function watch(servers: readonly BenchServer[], worker: BenchServer): Promise<TestPrometheus> {
  const addresses = (of: readonly BenchServer[]) =>
    Object.fromEntries(of.map(({ name, port }) => [name, `127.0.0.1:${port}`]));
  return TestPrometheus.start({
    jobs: { 'falcon-workers': addresses(servers), 'falcon-audit-worker': addresses([worker]) },
    intervalMs: SCRAPE_MS,
    changeRules: (text) => text.replaceAll(/^( +interval:) .+/gm, '$1 10s'), // the run is short
  });
}

async function overload(generator: LoadGenerator, { port }: BenchServer, durationMs: number): Promise<void> {
  say(`overload, for ${durationMs / 1000} s`);
  await generator.runOpen({ ...OVERLOAD, port, phases: [{ perSecond: OVERLOAD_PER_SECOND, durationMs }] });
}

async function spoil({ services }: Production, totalMs: number): Promise<void> {
  const faultMs = totalMs * FAULT_SHARE;
  for (const name of ['cache', 'postgres'] as const) {
    await sleep(totalMs / 4 - faultMs);
    say(`${name} away, for ${faultMs / 1000} s`);
    services[name].freeze();
    await sleep(faultMs);
    services[name].resume();
  }
  await sleep(totalMs / 4 - faultMs);
}
