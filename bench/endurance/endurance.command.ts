import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Command } from 'commander';
import { OUT_OPTION, positive } from '../cli-options.js';
import { callersSettings } from '../config.js';
import { number } from '../markdown.js';
import { report, say } from '../reporting.js';
import { endurance } from './endurance.js';
import { enduranceChart, judgeEndurance, renderEndurance } from './endurance-report.js';

interface Options {
  minutes: number;
  users: number;
  chart?: string;
  out: string;
}

/** `bench endurance`: the whole stack under mixed load for a long time; exits with 1 when memory grows, an alert fires or a row is lost. */
export function enduranceCommand(): Command {
  return new Command('endurance')
    .description(
      'nginx, two servers, audit worker, two Redis, Postgres and Prometheus under mixed load for a long time',
    )
    .option('--minutes <number>', 'how long', positive, 30)
    .option('--users <number>', 'how many at once', positive, 100)
    .option('--chart <file>', 'draw memory, latency and lag as SVG')
    .option(...OUT_OPTION)
    .action(run);
}

function run({ minutes, users, chart, out }: Options): Promise<void> {
  return report('endurance', { out }, callersSettings(), async () => {
    const found = await endurance({
      seconds: minutes * 60,
      users,
      logFolder: out,
      onSample: ({ seconds, rssMb, p99Ms, lagSeconds }, { requests }) => {
        const memory = Object.entries(rssMb).map(([name, mb]) => `${name} ${mb.toFixed(0)}`);
        say(
          `${seconds.toFixed(0)} s: ${requests} requests, p99 ${number(p99Ms)} ms, lag ${number(lagSeconds)} s, MB: ${memory.join(', ')}`,
        );
      },
    });
    if (chart !== undefined) {
      mkdirSync(dirname(chart), { recursive: true });
      writeFileSync(chart, enduranceChart(found));
      say(`drawn: ${chart}`);
    }
    const title = `${users} users for ${minutes} minutes on the whole stack`;
    return { found, markdown: renderEndurance(found, title), verdicts: judgeEndurance(found) };
  });
}
