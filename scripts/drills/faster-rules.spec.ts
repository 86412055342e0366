import { fasterRules } from './faster-rules.js';

describe('fasterRules', () => {
  it('shortens intervals, ranges and what an alert waits for', () => {
    const rules = `
    interval: 30s
    rules:
      - alert: Slow
        expr: rate(x_total[5m]) / rate(y_total[1h30m]) > 10 and max_over_time(z[1d:2m]) > 1
        for: 5m
        keep_firing_for: 2m`;
    expect(fasterRules(rules, 60)).toBe(`
    interval: 500ms
    rules:
      - alert: Slow
        expr: rate(x_total[5000ms]) / rate(y_total[90000ms]) > 10 and max_over_time(z[1440000ms:2000ms]) > 1
        for: 5000ms
        keep_firing_for: 2000ms`);
  });

  it('lets ages grow faster by as much, because their thresholds are times, too', () => {
    expect(fasterRules('expr: max(audit_lag_seconds{job="a"}) > 60', 60)).toBe(
      'expr: max((audit_lag_seconds{job="a"} * 60)) > 60',
    );
  });

  it('leaves alone what is no time', () => {
    const rules = '  summary: within 5m\n  expr: memory_usage_bytes > 1073741824\n  labels: { severity: warning }';
    expect(fasterRules(rules, 60)).toBe(rules);
  });
});
