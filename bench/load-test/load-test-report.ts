import { number, table } from '../markdown.js';
import { below, type Verdict } from '../requirements.js';
import type { Limits } from './profile.js';
import type { Outcome } from './virtual-users.js';

/** Holds what the users have got against the limits. */
export function judgeLoadTest(outcome: Outcome, { p95Ms, p99Ms, failedPercent }: Limits): Verdict[] {
  return [
    below('p95', outcome.p95Ms, p95Ms, 'ms'),
    ...(p99Ms === undefined ? [] : [below('p99', outcome.p99Ms, p99Ms, 'ms')]),
    below('failed', outcome.failedPercent, failedPercent, '%'),
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
  return [`## ${title}`, table(['', ''], rows), ...remarks(endings)].join('\n\n');
}

/** What an operator should know of refusals before blaming the server. */
function remarks(endings: Record<string, number>): string[] {
  return endings['429'] === undefined
    ? []
    : [
        'All users are one tenant to the server, and 429 is its rate limit: start it with RATE_LIMIT_ENABLED=false, or raise the limit of the key in API_KEY.',
      ];
}
