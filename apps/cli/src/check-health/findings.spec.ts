import { findingsOf } from './findings.js';
import type { Check, Observation } from './observe.js';
import { Samples, Span } from './samples.js';

const WELL: Omit<Observation, 'metrics'> = {
  url: 'http://falcon',
  about: { version: '1', worker_id: 'worker-1', mode: 'embedded' },
  health: { status: 'healthy', checks: [{ name: 'model', status: 'healthy' }] },
  ready: { ready: true },
  audit: 'off',
};

function found(observed: Partial<Observation>): string[] {
  const span = new Span(new Samples('', 0), new Samples('', 2000));
  return findingsOf({ ...WELL, metrics: span, ...observed }).map(({ level, section }) => `${level} ${section}`);
}

function ofMetrics(after: string, before = ''): string[] {
  return found({ metrics: new Span(new Samples(before, 0), new Samples(after, 2000)) });
}

function ofCheck(name: string, status: Check['status']): string[] {
  return found({ health: { status, checks: [{ name, status }] } });
}

describe('findingsOf', () => {
  it('has nothing to say when all is well', () => {
    expect(found({})).toEqual([]);
  });

  it.each([
    ['accepting', 'stopping'],
    ['model', 'model'],
    ['model_workers', 'model'],
    ['event_loop', 'overload'],
    ['load', 'overload'],
    ['redis', 'redis'],
    ['database', 'postgres'],
    ['queue', 'audit'],
    ['spool', 'audit'],
    ['disk', 'disk'],
    ['memory', 'memory'],
    ['somebody-elses', 'other-services'],
  ])('sends whoever sees the check %s fail to the section %s', (name, section) => {
    expect(ofCheck(name, 'unhealthy')).toEqual([`fail ${section}`]);
    expect(ofCheck(name, 'degraded')).toEqual([`warn ${section}`]);
    expect(ofCheck(name, 'unknown')).toEqual([]);
  });

  it('says of a service what operators may know rather than what probes may', () => {
    const check: Check = { name: 'queue', status: 'unhealthy', message: 'the log says why.' };
    const audit = {
      enabled: true,
      lag_seconds: 0,
      spool: { records: 0 },
      faults: { queue: 'Redis at a:1: it may evict' },
    };
    const [finding] = findingsOf({
      ...WELL,
      metrics: new Span(new Samples('', 0), new Samples('', 2000)),
      health: { status: 'degraded', checks: [check] },
      audit,
    });
    expect(finding?.what).toBe('The check "queue" is unhealthy: Redis at a:1: it may evict');
  });

  it.each([
    ['maintenance_mode{scope="all"} 1', 'warn maintenance'],
    ['circuit_breaker_state_info{dependency="redis",state="open"} 1', 'fail redis'],
    ['circuit_breaker_state_info{dependency="postgres",state="half_open"} 1', 'warn postgres'],
    ['circuit_breaker_state_info{dependency="queue",state="open"} 1', 'fail audit'],
    ['circuit_breaker_state_info{dependency="model",state="forced_open"} 1', 'fail model'],
    ['inference_requests_total{status="success"} 94\ninference_requests_total{status="error"} 6', 'warn errors'],
    ['degraded_total{mode="degraded_cache"} 1', 'warn model'],
    ['slo_error_budget_remaining_ratio{slo="availability"} -0.1', 'warn errors'],
    ['slo_error_budget_remaining_ratio{slo="latency"} -0.1', 'warn latency'],
    ['retry_attempts_total{operation="db_log_inference"} 21', 'warn errors'],
    ['shed_total{priority="low",reason="limit"} 1', 'warn overload'],
    ['inference_duration_seconds_quantile{quantile="0.95"} 1.1', 'warn latency'],
    ['dropped_logs_total 1', 'warn audit'],
    ['audit_lag_seconds 61', 'warn audit'],
    ['audit_dead_letters_total 1', 'warn audit'],
    ['memory_usage_bytes 1073741825', 'warn memory'],
    ['cache_errors_total{operation="get"} 3', 'warn redis'],
  ])('finds %j', (metrics, finding) => {
    expect(ofMetrics(metrics)).toEqual([finding]);
  });

  it.each([
    'circuit_breaker_state_info{dependency="redis",state="closed"} 1',
    'circuit_breaker_state_info{dependency="redis",state="open"} 0',
    'inference_requests_total{status="success"} 96\ninference_requests_total{status="error"} 4',
    'slo_error_budget_remaining_ratio{slo="availability"} 0',
    'inference_duration_seconds_quantile{quantile="0.99"} 5',
    'cache_errors_total{operation="get"} 1',
  ])('finds nothing in %j', (metrics) => {
    expect(ofMetrics(metrics)).toEqual([]);
  });

  it('goes by what counters grew while it watched, also over a restart', () => {
    expect(ofMetrics('shed_total 5', 'shed_total 5')).toEqual([]);
    expect(ofMetrics('shed_total 1', 'shed_total 5')).toEqual(['warn overload']);
  });

  it('puts first what does not work at all', () => {
    const checks: Check[] = [
      { name: 'redis', status: 'degraded' },
      { name: 'model', status: 'unhealthy' },
    ];
    expect(found({ health: { status: 'unhealthy', checks } })).toEqual(['fail model', 'warn redis']);
  });

  it('says that a server is not ready even when no check has failed yet', () => {
    expect(found({ ready: { ready: false } })).toEqual(['fail model']);
  });

  it.each([
    ['/metrics answered 401: it needs a key', 'warn no-answer'],
    ['http://falcon/metrics does not answer: ECONNREFUSED', 'fail no-answer'],
  ])('does not take a server for well whose counters it could not read: %s', (metrics, finding) => {
    expect(found({ metrics })).toEqual([finding]);
  });

  it('looks no further when there is no answer', () => {
    expect(found({ health: 'it does not answer', ready: 'it does not answer' })).toEqual(['fail no-answer']);
  });
});
