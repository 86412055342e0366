import { Command } from 'commander';
import { BenchServer } from './bench-server.js';
import { OUT_OPTION, positive } from './cli-options.js';
import { FALCON } from './compare.js';
import { LoadGenerator } from './load/load-generator.js';
import { Prober } from './load/prober.js';
import { callersSettings, PLAIN_SETTINGS } from './config.js';
import { report, say } from './reporting.js';
import { below, type Verdict } from './requirements.js';

const PROBES = ['/healthz', '/readyz', '/_health/live', '/_health/ready'];
const CONNECTIONS = 64;
const WARMUP_MS = 2000;
const PROMISED_MS = 5;

/** `bench probes`: how long probes take while the server is as busy as it can be. */
export function probesCommand(): Command {
  return new Command('probes')
    .description('latency of probes at full load; exits with 1 when a median is not below 5 ms')
    .option('--seconds <number>', 'time under load', positive, 10)
    .option(...OUT_OPTION)
    .action(runProbes);
}

function runProbes(options: { seconds: number; out: string }): Promise<void> {
  return report('probes', options, { ...PLAIN_SETTINGS, ...callersSettings() }, async () => {
    return { verdicts: await measure(options.seconds * 1000, options.out) };
  });
}

async function measure(durationMs: number, logFolder: string): Promise<Verdict[]> {
  const server = await BenchServer.start(FALCON, logFolder);
  const generator = new LoadGenerator(); // not before: a process that nobody ends would keep a failed bench running
  const load = { port: server.port, path: '/infer', texts: 'different' as const, connections: CONNECTIONS, seed: 1 };
  let probers: Prober[] = [];
  try {
    const onMeasuring = () => (probers = PROBES.map((path) => new Prober(server.port, path)));
    const result = await generator.run({ ...load, warmupMs: WARMUP_MS, until: { durationMs } }, { onMeasuring });
    await Promise.all(probers.map((prober) => prober.stop()));
    say(
      `${Math.round(result.requests / (durationMs / 1000))} requests per second, each in ${result.p50Ms} ms (median)`,
    );
  } finally {
    generator.stop();
    await server.stop();
  }
  return probers.map(({ latencies }, k) => verdictOf(PROBES[k] ?? '', latencies));
}

function verdictOf(path: string, latencies: Prober['latencies']): Verdict {
  const median = latencies.percentileMs(0.5);
  say(`${path}: ${latencies.count} probes, median ${median} ms, 99th percentile ${latencies.percentileMs(0.99)} ms`);
  return below(`${path} at full load, median of ${latencies.count}`, median, PROMISED_MS, 'ms');
}
