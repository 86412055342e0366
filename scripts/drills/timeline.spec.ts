import { eventLine, reportTable, requestsLine } from './timeline.js';

const requests = { answered: 120, degraded: 3, failed: 2, failures: { '503 OVERLOADED': 2 }, p95Ms: 12.4 };

describe('the timeline of a drill', () => {
  it('says when something happened, counted from the fault', () => {
    expect(eventLine({ atMs: 1234, what: 'ALERT', text: 'WorkerDown fires' })).toBe(
      '   1.2 s  ALERT      WorkerDown fires',
    );
  });

  it('says how the requests ended', () => {
    expect(requestsLine(requests)).toBe(
      'requests meanwhile: 120 answered, 3 of them degraded; 2 failed (2 503 OVERLOADED); p95 12 ms',
    );
  });

  it('has a row for each drill', () => {
    const report = { drill: 'a', alert: 'A', conditionMs: 1500, verifiedMs: 250, events: [], requests };
    expect(reportTable([report]).split('\n').at(2)).toBe('| `a` | `A` | 1.5 s | 0.3 s | 2 | 3 | 120 |');
  });
});
