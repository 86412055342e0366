import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_DIR } from '../../../../scripts/test-support/program.js';
import { eventually } from '../../../../scripts/test-support/until.js';

const PROBE_TIMEOUT_MS = 1000;

/** As docs/health.md writes it. */
export const NO_ANSWER = 'no answer';

/** What the probes of a server say, as docs/health.md writes it. */
export interface Probed {
  live: string;
  ready: string;
  notHealthy: string[];
}

/** The table "Under each fault" of docs/health.md. */
export function documentedFaults(): Map<string, Probed> {
  const page = readFileSync(join(PROJECT_DIR, 'docs/health.md'), 'utf8');
  const rows = [...page.matchAll(/^\| ([^|]+)\| (\d{3}|no answer) +\| (\d{3}|no answer) +\|([^|]*)\|$/gm)];
  return new Map(
    rows.map(([, fault = '', live = '', ready = '', checks = '']) => [
      fault.trim(),
      {
        live,
        ready,
        notHealthy: [...checks.matchAll(/`(\w+)` (\w+)/g)].map(([, name, status]) => `${name} ${status}`),
      },
    ]),
  );
}

/** What one of them answered: its status, or `NO_ANSWER`. */
export interface ProbeAnswer {
  status: string;
  body: Record<string, unknown>;
}

/** Asks whether a server lives and whether it is ready, by both names of each. */
export function probeAll(port: number): Promise<ProbeAnswer[]> {
  return Promise.all(['/healthz', '/_health/live', '/readyz', '/_health/ready'].map((path) => ask(port, path)));
}

/** Asks all probes of a server; those that mean the same must say the same. */
async function probe(port: number): Promise<Probed> {
  const [healthz, live, readyz, ready] = await probeAll(port);
  if (healthz?.status !== live?.status || readyz?.status !== ready?.status) {
    throw new Error(`Probes disagree: ${JSON.stringify({ healthz, live, readyz, ready })}`);
  }
  const checks = (ready?.body['checks'] ?? []) as { name: string; status: string }[];
  const others = checks.filter(({ status }) => status !== 'healthy');
  return {
    live: live?.status ?? '',
    ready: ready?.status ?? '',
    notHealthy: others.map(({ name, status }) => `${name} ${status}`).toSorted(),
  };
}

/** Waits until the probes say what is documented for a fault; in between they may disagree, because things change. */
export async function untilProbedAs(fault: string, port: number, timeoutMs = 30_000): Promise<void> {
  const expected = documentedFaults().get(fault);
  await eventually(async () => expect(await probe(port)).toEqual(expected), { timeoutMs, pollMs: 50 });
}

async function ask(port: number, path: string): Promise<ProbeAnswer> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    return { status: String(response.status), body: (await response.json()) as Record<string, unknown> };
  } catch {
    return { status: NO_ANSWER, body: {} };
  }
}
