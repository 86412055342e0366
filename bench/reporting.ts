import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { type Context, type Findings, renderMarkdown } from './report.js';

/** Tells whoever waits what is going on; results go to stdout. */
export const say = (line: string) => process.stderr.write(`${line}\n`);

/** Where a report goes; a quick run breaks no promise, because it proves nothing. */
interface ReportOptions {
  out: string;
  quick?: boolean;
}

/** Runs a measurement, saves and shows its report, and ends with 1 when a promise was broken. */
export async function report(
  name: string,
  { out, quick = false }: ReportOptions,
  settings: Context['settings'],
  run: () => Promise<Findings>,
): Promise<void> {
  mkdirSync(out, { recursive: true });
  const startedAt = new Date().toISOString();
  const findings = await run();
  const { found, verdicts = [] } = findings;
  const context = { startedAt, machine: machine(), settings: { commit: commit(), ...settings } };
  const markdown = renderMarkdown(context, findings);
  const file = join(out, `${name}-${startedAt.slice(0, 19).replaceAll(':', '')}`);
  writeFileSync(`${file}.json`, `${JSON.stringify({ ...context, found, verdicts }, null, 2)}\n`);
  writeFileSync(`${file}.md`, `${markdown}\n`);
  process.stdout.write(`${markdown}\n`);
  say(`\nsaved: ${file}.{json,md}`);
  process.exitCode = quick || verdicts.every(({ kept }) => kept) ? 0 : 1;
}

/** What the figures were measured on. */
function machine(): Record<string, string | number> {
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  const cpu = cpus()[0]?.model.trim() ?? 'unknown CPU';
  return {
    Node: process.version,
    system: `${type()} ${release()}`,
    CPU: cpu,
    cores: availableParallelism(),
    'memory GB': gigabytes,
  };
}

/** What was measured. */
function commit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown'; // not a git checkout
  }
}
