import { Command, InvalidArgumentError } from 'commander';
import { loadAdminKey } from '../config.js';
import { findingsOf } from './findings.js';
import { healthScreen } from './health-screen.js';
import { observe } from './observe.js';

interface Options {
  url: string;
  seconds: number;
  json?: boolean;
}

/** `falcon check-health`: what is wrong with a running server, and which section of the runbook helps. */
export function checkHealthCommand(defaultUrl: string): Command {
  return new Command('check-health')
    .description('what is wrong with a running server; exit code 1 when something is')
    .option('--url <url>', 'where the server is; ADMIN_API_KEY is its key, if it has one', defaultUrl)
    .option('--seconds <number>', 'how long to watch what it counts', parseSeconds, 2)
    .option('--json', 'print JSON')
    .action(async ({ url, seconds, json }: Options) => {
      const observed = await observe({ url, adminApiKey: loadAdminKey() }, seconds);
      const findings = findingsOf(observed);
      const { metrics: _, ...said } = observed;
      console.log(json ? JSON.stringify({ ...said, findings }, null, 2) : healthScreen(observed, findings));
      process.exitCode = findings.length > 0 ? 1 : 0;
    });
}

function parseSeconds(written: string): number {
  const seconds = Number(written);
  if (!(seconds >= 0.1 && seconds <= 60)) throw new InvalidArgumentError('It is a number from 0.1 to 60.');
  return seconds;
}
