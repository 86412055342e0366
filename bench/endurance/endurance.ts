import { setTimeout as sleep } from 'node:timers/promises';
import { LatencyHistogram } from '../load/latency-histogram.js';
import { VirtualUsers, type Outcome } from '../load-test/virtual-users.js';
import { EnduranceStack, type Verified } from './endurance-stack.js';

/** As many samples there are in the whole time, but not more than one a second. */
const SAMPLES = 180;
const LEAST_GAP_MS = 1000;

/** The stack at one moment. */
export interface EnduranceSample {
  seconds: number;
  /** Resident memory of each process. */
  rssMb: Record<string, number>;
  /** Of the answers since the sample before. */
  p99Ms: number;
  lagSeconds: number;
}

/** What a run has shown. */
export interface Endurance {
  samples: EnduranceSample[];
  outcome: Outcome;
  /** Undefined: nobody was watching. */
  firedAlerts: string[] | undefined;
  verified: Verified;
  /** Answers that left without a record, as the servers count them. */
  dropped: number;
}

/** How long, and with how many users. */
export interface EndurancePlan {
  seconds: number;
  users: number;
  logFolder: string;
  onSample: (sample: EnduranceSample, outcome: Outcome) => void;
}

/** Has users ask the whole stack for a long time, looks at it now and then, and compares answers with rows at the end. */
export async function endurance({ seconds, users, logFolder, onSample }: EndurancePlan): Promise<Endurance> {
  const stack = await EnduranceStack.start(logFolder);
  const latencies = new LatencyHistogram();
  const load = new VirtualUsers({ url: stack.url, stages: [{ seconds, users }], seed: 1 }, (request, latencyMs) => {
    stack.note(request);
    latencies.record(latencyMs);
  });
  try {
    const ended = load.run();
    const samples: EnduranceSample[] = [];
    const gapMs = Math.max(LEAST_GAP_MS, (seconds * 1000) / SAMPLES);
    while (load.outcome().seconds + gapMs / 1000 < seconds) {
      await sleep(gapMs);
      const sample = await sampleOf(stack, load.outcome().seconds, latencies);
      samples.push(sample);
      onSample(sample, load.outcome());
    }
    const outcome = await ended;
    await stack.settled();
    const [firedAlerts, verified] = [await stack.firedAlerts(), await stack.verify()];
    return { samples, outcome, firedAlerts, verified, dropped: await stack.worst('dropped_logs_total') };
  } finally {
    load.stop();
    await stack.stop();
  }
}

async function sampleOf(stack: EnduranceStack, seconds: number, latencies: LatencyHistogram): Promise<EnduranceSample> {
  const usages = Object.entries(stack.usages());
  const sample = {
    seconds,
    rssMb: Object.fromEntries(usages.map(([name, usage]) => [name, usage.rssMb])),
    p99Ms: latencies.percentileMs(0.99),
    lagSeconds: await stack.worst('audit_lag_seconds'),
  };
  latencies.clear();
  return sample;
}
