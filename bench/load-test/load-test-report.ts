import { number } from '../report.js';
import type { Verdict } from '../requirements.js';
import type { Limits } from './profile.js';
import type { Outcome } from './virtual-users.js';

/** Holds what the users have got against the limits. */
export function judgeLoadTest(outcome: Outcome, { p95Ms, p99Ms, failedPercent }: Limits): Verdict[] {
  const latency = (name: string, measured: number, limit: number): Verdict => {
    return { promise: `${name} < ${limit} ms`, measured, limit, unit: 'ms', kept: measured < limit };
  };
  const failed = outcome.failedPercent;
  return [
    latency('p95', outcome.p95Ms, p95Ms),
    ...(p99Ms === undefined ? [] : [latency('p99', outcome.p99Ms, p99Ms)]),
    {
      promise: `failed < ${failedPercent} %`,
      measured: failed,
      limit: failedPercent,
      unit: '%',
      kept: failed < failedPercent,
    },
  ];
}

/** One line while it runs. */
export function progressLine(outcome: Outcome, users: number): string {
  const { seconds, requests, p95Ms, failedPercent } = outcome;
  return `${seconds.toFixed(0)} s: ${users} users, ${requests} requests, p95 ${number(p95Ms)} ms, ${number(failedPercent)} % failed`;
}

/** The whole as Markdown. */
export function renderOutcome(title: string, outcome: Outcome): string {
  const { seconds, requests, endings, p50Ms, p95Ms, p99Ms, maxMs } = outcome;
  const rows = [
    ['requests', `${requests}, ${number(requests / seconds)} a second`],
    [
      'endings',
      Object.entries(endings)
        .map(([ending, count]) => `${ending}: ${count}`)
        .join(', '),
    ],
    ['p50 / p95 / p99 / max', `${[p50Ms, p95Ms, p99Ms, maxMs].map(number).join(' / ')} ms`],
  ];
  const table = ['| | |', '| --- | --- |', ...rows.map(([name, value]) => `| ${name} | ${value} |`)];
  return [`## ${title}`, '', ...table, ...remarks(endings)].join('\n');
}

/** What an operator should know of refusals before blaming the server. */
function remarks(endings: Record<string, number>): string[] {
  return endings['429'] === undefined
    ? []
    : [
        '',
        'All users are one tenant to the server, and 429 is its rate limit: start it with RATE_LIMIT_ENABLED=false, or raise the limit of the key in API_KEY.',
      ];
}
