import type { Finding } from './findings.js';
import type { Observation } from './observe.js';
import type { Span } from './samples.js';

/** One screen for whoever is on call: how it is, the figures, and what to look at, with the section of the runbook. */
export function healthScreen(observed: Observation, findings: readonly Finding[]): string {
  const { url, about, health, ready, metrics, audit } = observed;
  const name = typeof about === 'string' ? 'Falcon' : `Falcon ${about.version}, ${about.worker_id} (${about.mode})`;
  const status = typeof health === 'string' ? 'unreachable' : health.status;
  const readiness = typeof ready === 'string' ? '' : ready.ready ? ', ready' : ', not ready';
  const isAnswering = typeof health !== 'string';
  const unknown = isAnswering
    ? health.checks.filter((check) => check.status === 'unknown').map((check) => check.name)
    : [];
  const unasked = unknown.length === 0 ? '' : ` (not asked yet: ${unknown.join(', ')})`;
  return [
    `${name} at ${url}: ${status}${readiness}${unasked}`,
    '',
    ...(typeof metrics === 'string' ? [] : figures(metrics)),
    ...(isAnswering ? [`audit     ${auditLine(audit)}`, ''] : []),
    ...(findings.length === 0 ? ['Nothing is wrong.'] : findings.map(lineOf)),
  ].join('\n');
}

function figures(span: Span): string[] {
  const { after } = span;
  const rate = (status?: string) => span.rate('inference_requests_total', status === undefined ? {} : { status });
  const p95Ms = after.sum('inference_duration_seconds_quantile', { quantile: '0.95' }) * 1000;
  const hits = span.growth('cache_hits_total');
  const looked = hits + span.growth('cache_misses_total');
  const budget = (slo: string) => `${slo} ${share(after.sum('slo_error_budget_remaining_ratio', { slo }))}`;
  return [
    `requests  ${rate().toFixed(1)}/s, ${rate('error').toFixed(1)}/s failed, p95 ${p95Ms.toFixed(1)} ms, ` +
      `${after.sum('inflight_requests')} in flight, ${span.rate('shed_total').toFixed(1)}/s shed, ` +
      `${span.rate('rate_limited_total').toFixed(1)}/s over their limit`,
    `cache     ${looked === 0 ? 'not asked' : `${share(hits / looked)} hits`}`,
    `budget    ${budget('availability')}, ${budget('latency')} left since the start`,
    `process   ${(after.sum('memory_usage_bytes') / 2 ** 20).toFixed(0)} MiB, event loop late by up to ` +
      `${(after.sum('nodejs_eventloop_lag_p99_seconds') * 1000).toFixed(0)} ms (99th percentile)`,
  ];
}

function auditLine(audit: Observation['audit']): string {
  if (typeof audit === 'string') {
    return audit;
  }
  const { enabled, spool, lag_seconds: lagSeconds } = audit;
  return enabled ? `${spool.records} records on the way to the table, for up to ${lagSeconds.toFixed(0)} s` : 'off';
}

function lineOf({ level, what, section }: Finding): string {
  return `${level.toUpperCase()}  ${what}\n      see docs/RUNBOOK.md#${section}`;
}

function share(ratio: number): string {
  return `${(ratio * 100).toFixed(0)} %`;
}
