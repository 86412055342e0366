import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import type { Verdict } from './requirements.js';

/** Tells whoever waits what is going on; results go to stdout. */
export const say = (line: string) => process.stderr.write(`${line}\n`);

/** What the figures were measured on. */
export function machine(): Record<string, string | number> {
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
export function commit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown'; // not a git checkout
  }
}

/** Writes a report to files and to the terminal. */
export function save(folder: string, name: string, content: { json: unknown; markdown: string }): void {
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(content.json, null, 2)}\n`);
  writeFileSync(join(folder, `${name}.md`), `${content.markdown}\n`);
  process.stdout.write(`${content.markdown}\n`);
  say(`\nsaved: ${join(folder, name)}.{json,md}`);
}

/** 1 when a promise was broken. */
export function exitCodeOf(verdicts: readonly Verdict[]): number {
  return verdicts.every(({ kept }) => kept) ? 0 : 1;
}
