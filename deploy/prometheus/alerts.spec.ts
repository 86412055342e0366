import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { parse } from 'yaml';
import { PROMETHEUS_FOLDER, readRules, readRuleTests, sectionsOf } from '../test-support/alert-rules.js';
import { groupingLabelsOf, limitsOf, selectorsOf } from '../test-support/selectors.js';

const DOCS = resolve(__dirname, '../../docs');
const page = (name: string) => readFileSync(join(DOCS, name), 'utf8');

/** The alerts that the service has always had: name, limits, time, severity. */
const PROMISED: [alert: string, comparison: string, time: string, severity: string][] = [
  ['HighP95Latency', '> 1', '5m', 'warning'],
  ['VeryHighP95Latency', '> 5', '2m', 'critical'],
  ['HighErrorRate', '> 0.05', '5m', 'warning'],
  ['VeryHighErrorRate', '> 0.20', '2m', 'critical'],
  ['WorkerDown', '== 0', '1m', 'critical'],
  ['NoRequests', '== 0', '10m', 'warning'],
  ['CircuitBreakerOpen', '> 0', '5m', 'warning'],
  ['HighRetryRate', '> 10', '5m', 'warning'],
  ['DatabaseLogsDropped', '> 0', '2m', 'warning'],
  ['HighMemoryUsage', '> 1073741824', '10m', 'warning'],
  ['LowCacheHitRate', '< 0.20', '15m', 'info'],
  ['CacheErrors', '> 1', '5m', 'warning'],
  ['DatabaseOperationSlow', '> 1', '10m', 'warning'],
];

const { alerts, recordings } = readRules();
const ALERTS = alerts.map((rule) => [rule.alert, rule] as const);

describe('the alerts', () => {
  it('have names of their own', () => {
    expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
  });

  it.each(PROMISED)('have %s, which fires at "%s" for %s as %s', (alert, comparison, time, severity) => {
    const rule = alerts.find((each) => each.alert === alert);
    expect(rule).toMatchObject({ for: time, labels: { severity } });
    expect(rule?.expr.trim().endsWith(` ${comparison}`)).toBe(true);
  });

  it.each(ALERTS)('%s says how bad it is, of what, and what to do', (_, { labels, annotations }) => {
    expect(['critical', 'warning', 'info']).toContain(labels.severity);
    expect(labels.area).toMatch(/./);
    expect(Object.keys(annotations)).toEqual(['summary', 'description', 'runbook']);
  });

  it.each(ALERTS)('%s leads to sections that the runbook has', (_, rule) => {
    const sections = [...page('RUNBOOK.md').matchAll(/^## (.*)$/gm)].map(([, heading = '']) =>
      heading.toLowerCase().replaceAll(' ', '-'),
    );
    expect(sectionsOf(rule)).not.toEqual([]);
    expect(sections).toEqual(expect.arrayContaining(sectionsOf(rule)));
  });

  it.each(ALERTS)('%s has a case in which it fires, and one in which it does not', (alert) => {
    const cases = readRuleTests()
      .flatMap(({ alert_rule_test: rules = [] }) => rules)
      .filter(({ alertname }) => alertname === alert);
    expect(cases.some(({ exp_alerts: expected }) => expected.length > 0)).toBe(true);
    expect(cases.some(({ exp_alerts: expected }) => expected.length === 0)).toBe(true);
  });
});

describe('docs/alerts.md', () => {
  const rows = [...page('alerts.md').matchAll(/^\| `(\w+)` +\|(.*?)\|(.*?)\|(.*?)\|(.*?)\|$/gm)];
  const documented = rows.map(([, alert = '', condition = '', time = '', severity = '', sections = '']) => ({
    alert,
    condition: condition.trim(),
    time: time.trim(),
    severity: severity.trim(),
    sections: [...sections.matchAll(/\[(.*?)\]\(RUNBOOK\.md#\1\)/g)].map(([, section]) => section),
  }));

  it('has every alert, as it is, in the order of the rules’ files', () => {
    const order = ['inference.yml', 'slo.yml', 'audit.yml', 'service.yml'].flatMap((name) => {
      const text = readFileSync(join(PROMETHEUS_FOLDER, 'rules', name), 'utf8');
      return [...text.matchAll(/- alert: (\w+)/g)].map(([, alert]) => alert);
    });
    expect(documented).toEqual(
      alerts
        .toSorted((a, b) => order.indexOf(a.alert) - order.indexOf(b.alert))
        .map((rule) => ({
          alert: rule.alert,
          condition: expect.stringMatching(/./) as string,
          time: rule.for ?? '',
          severity: rule.labels.severity,
          sections: sectionsOf(rule),
        })),
    );
  });

  it.each(ALERTS)('names the limits of %s', (alert, { expr }) => {
    const condition = documented.find((row) => row.alert === alert)?.condition ?? '';
    for (const limit of limitsOf(expr).filter((figure) => figure > 1 || (figure === 1 && / > 1\b/.test(expr)))) {
      expect(waysToWrite(limit).some((written) => condition.includes(written))).toBe(true);
    }
  });
});

/** As a reader would have it. */
function waysToWrite(limit: number): string[] {
  return [`${limit}`, `${limit * 100} %`, `${limit * 1000} ms`, `${limit / 2 ** 30} GiB`];
}

describe('what the rules ask for', () => {
  const jobs = (
    parse(readFileSync(join(PROMETHEUS_FOLDER, 'prometheus.yml'), 'utf8')) as { scrape_configs: { job_name: string }[] }
  ).scrape_configs.map(({ job_name: job }) => job);
  /** Labels of each metric that Falcon exports, as docs/metrics.md says (a test there holds it against /metrics). */
  const known = new Map<string, string[]>([['up', []]]);
  const rules = [
    ...alerts.map((rule) => [rule.alert, rule.expr]),
    ...recordings.map((rule) => [rule.record, rule.expr]),
  ];

  beforeAll(async () => {
    for (const [, metric = '', labels = ''] of page('metrics.md').matchAll(/^\| `(\w+)` +\| \w+ +\| ([^|]*) \|/gm)) {
      known.set(
        metric,
        [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label),
      );
    }
    known.set('audit_queue_jobs', ['state']); // of the audit worker, below the table
    recordings.forEach(({ record }) => known.set(record, ['slo']));
    const registry = new Registry();
    collectDefaultMetrics({ register: registry });
    (await registry.getMetricsAsJSON()).forEach(({ name }) => known.set(name, []));
    registry.clear();
  });

  it.each(rules as [string, string][])('%s asks for metrics and labels that there are', (_, expr) => {
    const selectors = selectorsOf(expr);
    expect(selectors).not.toEqual([]);
    const labels = selectors.flatMap(({ metric, matchers }) => {
      const own = known.get(metric) ?? known.get(metric.replace(/_(bucket|sum|count)$/, ''));
      expect([metric, own]).toEqual([metric, expect.any(Array)]);
      expect([...(own ?? []), 'job', 'instance', 'worker_id']).toEqual(
        expect.arrayContaining(matchers.map(({ label }) => label)),
      );
      return own ?? [];
    });
    expect([...labels, 'job', 'instance', 'worker_id', 'le']).toEqual(expect.arrayContaining(groupingLabelsOf(expr)));
  });

  it.each(rules as [string, string][])('%s asks for values of labels that there are', (_, expr) => {
    const asked = selectorsOf(expr).flatMap(({ metric, matchers }) =>
      matchers.flatMap(({ label, operator, value }) => {
        const values = operator.includes('~') ? value.split('|').filter((each) => /^\w+$/.test(each)) : [value];
        return values.map((each) => ({ metric, label, value: each }));
      }),
    );
    const isKnown = ({ metric, label, value }: (typeof asked)[number]): boolean =>
      label === 'job' ? jobs.includes(value) : new RegExp(`["\`]${value}["\`]`).test(pageOf(metric, label));
    expect(asked.filter((each) => !isKnown(each))).toEqual([]);
  });
});

/** Where the values of a label are written down: in the row of the metric, or on a page of their own. */
function pageOf(metric: string, label: string): string {
  if (label === 'error_type') return page('errors.md');
  if (label === 'check') return page('health.md');
  const name = metric.startsWith('slo:') ? 'slo_requests_total' : metric;
  return page('metrics.md')
    .split(/\n(?=\|)|\n\n/)
    .filter((part) => part.includes(`\`${name}\``))
    .join('\n');
}
