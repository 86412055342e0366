import { setTimeout as sleep } from 'node:timers/promises';
import { TestPrometheus } from '../../scripts/test-support/prometheus.js';
import { BenchServer } from '../bench-server.js';
import { LoadGenerator } from '../load/load-generator.js';
import { say } from '../reporting.js';
import { Production } from '../resilience/production.js';
import { MixedCallers } from './mixed-callers.js';

/** As operators have it: deploy/prometheus/prometheus.yml. */
const SCRAPE_MS = 5000;
const SETTINGS = { INFERENCE_WORKERS: '1', RATE_LIMIT_PER_MINUTE: '60000', RATE_LIMIT_OVERRIDES: 'trial=30:5' };
/** Far more than one server can do. */
const OVERLOAD = { path: '/infer', seed: 1, criticalShare: 0.1, timeoutMs: 1000, connections: 300 };
const OVERLOAD_PER_SECOND = 6000;

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
  const stops: (() => Promise<void> | void)[] = [];
  try {
    const production = await Production.start(logFolder);
    stops.unshift(() => production.stop());
    const servers: BenchServer[] = [];
    for (const name of ['worker-1', 'worker-2']) {
      const server = await BenchServer.start(production.api(name, SETTINGS), logFolder);
      stops.unshift(() => server.stop());
      servers.push(server);
    }
    const prometheus = await watch(servers, production.services.worker);
    stops.unshift(() => prometheus.stop());
    const callers = new MixedCallers(servers.map(({ port }) => port));
    stops.unshift(() => callers.stop());
    await spoil(production, servers[0]!, minutes * 60_000);
    await look(prometheus.url);
  } finally {
    for (const stop of stops) await stop();
  }
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

async function spoil(production: Production, overloaded: BenchServer, totalMs: number): Promise<void> {
  const [quarterMs, faultMs] = [totalMs / 4, totalMs / 10];
  const fault = async (what: string, begin: () => unknown, end: () => unknown) => {
    await sleep(quarterMs - (what === 'overload' ? 0 : faultMs));
    say(`${what}, for ${faultMs / 1000} s`);
    await begin();
    await end();
  };
  const generator = new LoadGenerator();
  try {
    const phases = [{ perSecond: OVERLOAD_PER_SECOND, durationMs: faultMs }];
    await fault(
      'overload',
      () => generator.runOpen({ ...OVERLOAD, port: overloaded.port, phases }),
      () => undefined,
    );
  } finally {
    generator.stop();
  }
  for (const [what, service] of [
    ['no cache', production.services.cache],
    ['no Postgres', production.services.postgres],
  ] as const) {
    await fault(
      what,
      () => service.freeze(),
      () => sleep(faultMs).then(() => service.resume()),
    );
  }
  await sleep(quarterMs - faultMs);
}
