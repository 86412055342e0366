import { setTimeout as sleep } from 'node:timers/promises';
import type { HealthStatus } from '@app/ops';
import type { ServerAccess } from '../config.js';
import { fetchFailure } from '../fetch-failure.js';
import { serverUrl } from '../server-url.js';
import { Samples, Span } from './samples.js';

const TIMEOUT_MS = 5000;
const NO_FALCON = 'The answer is none that Falcon gives: this is not Falcon.';
const NO_ANSWER = 'does not answer';

/** How a check is, as the server says it. */
export interface Check {
  name: string;
  status: HealthStatus;
  message?: string;
}

/** What a server says of itself; what it did not say is a sentence that says why. */
export interface Observation {
  url: string;
  about: { version: string; worker_id: string; mode: string } | string;
  health: { status: Check['status']; checks: Check[] } | string;
  ready: { ready: boolean } | string;
  audit:
    { enabled: boolean; lag_seconds: number; spool: { records: number }; faults?: Record<string, string> } | string;
  metrics: Span | string;
}

/** Whether a sentence says why there was no answer at all. */
export function isUnanswered(why: string): boolean {
  return why.includes(NO_ANSWER);
}

/** Asks a server for everything that it says of itself, twice for what it counts. */
export async function observe({ url, adminApiKey }: ServerAccess, seconds: number): Promise<Observation> {
  const base = serverUrl(url);
  const headers: Record<string, string> = adminApiKey === undefined ? {} : { 'X-API-Key': adminApiKey };
  const ask = (path: string) => textOf(new URL(path, base), headers);
  const before = await samplesOf(ask('/metrics'));
  const paths = ['/', '/_health/ready', '/readyz', '/admin/audit'];
  const [about, health, ready, audit] = (await Promise.all(paths.map((path) => ask(path)))).map(parsed);
  const metrics = await spanSince(before, () => samplesOf(ask('/metrics')), seconds);
  return { url, about, health: reportOf(health), ready, audit, metrics } as Observation;
}

async function spanSince(before: Samples | string, ask: () => Promise<Samples | string>, seconds: number) {
  if (typeof before === 'string') {
    return before;
  }
  await sleep(seconds * 1000);
  const after = await ask();
  return typeof after === 'string' ? after : new Span(before, after);
}

async function samplesOf(asked: Promise<Answer>): Promise<Samples | string> {
  const { text, refusal } = await asked;
  return refusal ?? new Samples(text, performance.now());
}

interface Answer {
  text: string;
  /** Why there is none. */
  refusal?: string;
}

/** What a route says; 503 is how a probe says no. */
async function textOf(target: URL, headers: Record<string, string>): Promise<Answer> {
  try {
    const response = await fetch(target, { headers, signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'manual' });
    const text = await response.text();
    if (response.ok || response.status === 503) {
      return { text };
    }
    const { detail } = parsed({ text }) as { detail?: string };
    return { text, refusal: `${target.pathname} answered ${response.status}: ${detail ?? response.statusText}` };
  } catch (error) {
    return { text: '', refusal: `${target.href} ${NO_ANSWER}: ${causeOf(error as Error)}` };
  }
}

function parsed({ text, refusal }: Answer): object | string {
  if (refusal !== undefined) {
    return refusal;
  }
  try {
    const said = JSON.parse(text) as object | null;
    return typeof said === 'object' && said !== null ? said : NO_FALCON;
  } catch {
    return NO_FALCON;
  }
}

/** Anything may answer with JSON. */
function reportOf(said: object | string | undefined): object | string {
  return typeof said === 'string' || (said && 'checks' in said && Array.isArray(said.checks)) ? said : NO_FALCON;
}

function causeOf(error: Error): string {
  return error.name === 'TimeoutError' ? `not within ${TIMEOUT_MS / 1000} s` : fetchFailure(error);
}
