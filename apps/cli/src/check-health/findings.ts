import { isUnanswered, type Check, type Observation } from './observe.js';
import type { Span } from './samples.js';

/** Sections of docs/RUNBOOK.md. */
export const SECTIONS = [
  'no-answer',
  'stopping',
  'maintenance',
  'model',
  'overload',
  'latency',
  'errors',
  'redis',
  'postgres',
  'audit',
  'disk',
  'memory',
  'other-services',
] as const;
type Section = (typeof SECTIONS)[number];

/** Something that a person has to look at. */
export interface Finding {
  /** fail: it does not work; warn: it works with less than it should have. */
  level: 'fail' | 'warn';
  what: string;
  section: Section;
}

const SECTION_OF_CHECK: Record<string, Section> = {
  accepting: 'stopping',
  model: 'model',
  model_workers: 'model',
  event_loop: 'overload',
  load: 'overload',
  redis: 'redis',
  database: 'postgres',
  queue: 'audit',
  spool: 'audit',
  disk: 'disk',
  memory: 'memory',
};
const SECTION_OF_DEPENDENCY: Record<string, Section> = { redis: 'redis', postgres: 'postgres', queue: 'audit' };

const MOST_ERRORS = 0.05;
const MOST_P95_SECONDS = 1;
const MOST_LAG_SECONDS = 60;
const MOST_MEMORY_BYTES = 2 ** 30;
const MOST_RETRIES_PER_SECOND = 10;
const MOST_CACHE_ERRORS_PER_SECOND = 1;

/** What is wrong with a server, the worst first. */
export function findingsOf(observed: Observation): Finding[] {
  const { health, ready, metrics, audit: said } = observed;
  if (typeof health === 'string') {
    return [{ level: 'fail', what: health, section: 'no-answer' }];
  }
  const faults = typeof said === 'string' ? undefined : said.faults;
  const found = health.checks.flatMap((check) => findingOfCheck(check, faults?.[check.name]));
  if (typeof ready === 'string' || (!ready.ready && !found.some(({ level }) => level === 'fail'))) {
    const why = typeof ready === 'string' ? ready : 'It is not ready: a model is being loaded, or does not answer.';
    found.push({ level: 'fail', what: why, section: 'model' });
  }
  if (typeof metrics === 'string') {
    found.push({ level: isUnanswered(metrics) ? 'fail' : 'warn', what: metrics, section: 'no-answer' });
  } else {
    found.push(...MEASURES.flatMap((measure) => measure(metrics)));
  }
  return found.toSorted((a, b) => Number(b.level === 'fail') - Number(a.level === 'fail'));
}

/** Operators are told more than whoever probes. */
function findingOfCheck({ name, status, message }: Check, fault = message): Finding[] {
  if (status !== 'degraded' && status !== 'unhealthy') {
    return [];
  }
  const what = `The check "${name}" is ${status}${fault === undefined ? '.' : `: ${fault}`}`;
  const section = SECTION_OF_CHECK[name] ?? 'other-services';
  return [{ level: status === 'unhealthy' ? 'fail' : 'warn', what, section }];
}

const MEASURES: ((span: Span) => Finding[])[] = [maintenance, breakers, errors, overload, latency, audit, pressure];

function maintenance({ after }: Span): Finding[] {
  const isOn = after.sum('maintenance_mode') > 0;
  return isOn ? [{ level: 'warn', what: 'Maintenance mode is on: requests are refused.', section: 'maintenance' }] : [];
}

function breakers({ after }: Span): Finding[] {
  return after
    .all('circuit_breaker_state_info')
    .filter(({ labels, value }) => value === 1 && labels['state'] !== 'closed')
    .map(({ labels: { dependency = '', state = '' } }) => ({
      level: state === 'open' || state === 'forced_open' ? 'fail' : 'warn',
      what: `The breaker of ${dependency} is ${state.replace('_', '-')}.`,
      section: SECTION_OF_DEPENDENCY[dependency] ?? 'model',
    }));
}

function errors(span: Span): Finding[] {
  const failed = span.growth('inference_requests_total', { status: 'error' });
  const asked = span.growth('inference_requests_total');
  const share = asked === 0 ? 0 : failed / asked;
  const degraded = span.growth('degraded_total');
  const budgets = span.after.all('slo_error_budget_remaining_ratio').filter(({ value }) => value < 0);
  return [
    ...warnIf(share > MOST_ERRORS, `${percent(share)} of the requests of the last seconds failed.`, 'errors'),
    ...warnIf(degraded > 0, `${degraded} answers of the last seconds were degraded.`, 'model'),
    ...budgets.flatMap(({ labels: { slo } }) =>
      warnIf(true, `The objective of ${slo} is missed since the start.`, slo === 'latency' ? 'latency' : 'errors'),
    ),
    ...warnIf(
      span.rate('retry_attempts_total') > MOST_RETRIES_PER_SECOND,
      `${span.rate('retry_attempts_total').toFixed(0)} operations a second are tried again.`,
      'errors',
    ),
  ];
}

function overload(span: Span): Finding[] {
  const shed = span.growth('shed_total');
  return warnIf(shed > 0, `${shed} requests of the last seconds were shed.`, 'overload');
}

function latency({ after }: Span): Finding[] {
  const p95 = after.sum('inference_duration_seconds_quantile', { quantile: '0.95' });
  return warnIf(p95 > MOST_P95_SECONDS, `The 95th percentile of the latest answers is ${p95.toFixed(2)} s.`, 'latency');
}

function audit({ after }: Span): Finding[] {
  const dropped = after.sum('dropped_logs_total');
  const lag = after.sum('audit_lag_seconds');
  const refused = after.sum('audit_dead_letters_total');
  return [
    ...warnIf(dropped > 0, `${dropped} answers since the start left without an audit record.`, 'audit'),
    ...warnIf(lag > MOST_LAG_SECONDS, `Audit records wait for the table for up to ${lag.toFixed(0)} s.`, 'audit'),
    ...warnIf(refused > 0, `Postgres has refused ${refused} audit records.`, 'audit'),
  ];
}

function pressure(span: Span): Finding[] {
  const bytes = span.after.sum('memory_usage_bytes');
  const cacheErrors = span.rate('cache_errors_total');
  return [
    ...warnIf(bytes > MOST_MEMORY_BYTES, `The process takes ${(bytes / 2 ** 20).toFixed(0)} MiB of memory.`, 'memory'),
    ...warnIf(
      cacheErrors > MOST_CACHE_ERRORS_PER_SECOND,
      `${cacheErrors.toFixed(0)} operations a second on the cache's Redis fail.`,
      'redis',
    ),
  ];
}

function warnIf(isSo: boolean, what: string, section: Section): Finding[] {
  return isSo ? [{ level: 'warn', what, section }] : [];
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
