import { isTroubled, statusReport } from './status-report.js';

const NOW_MS = Date.parse('2026-11-20T10:00:00Z');

const status = {
  spools: [
    { name: 'worker-1-0a1b2c3d', owner: 'alive', waitingBytes: 0, oldestAt: undefined },
    { name: 'worker-1-ffffffff', owner: 'none', waitingBytes: 2_340_000, oldestAt: new Date('2026-11-20T07:00:00Z') },
  ] as const,
  lagSeconds: 10_800,
  queue: { waiting: 3, active: 1, delayed: 2, failed: 0, completed: 9 },
  table: {
    rowsLastMinute: 1234,
    lastRowAt: new Date('2026-11-20T09:59:55Z'),
    deadLetters: 2,
    partitions: [{ name: 'inference_logs_2026_11', rows: 98_765, bytes: 54_321_000 }],
  },
};

describe('the report of falcon audit status', () => {
  it('shows each part on its lines', () => {
    expect(statusReport({ ...status, spools: [...status.spools] }, NOW_MS).split('\n')).toEqual([
      'spool   2, 2.3 MB waiting',
      '          worker-1-0a1b2c3d  0.0 MB  (in use)',
      '          worker-1-ffffffff  2.3 MB, oldest record 3 h ago  (orphaned: the next API takes it over)',
      'lag     10800 s',
      'queue   3 jobs waiting, 1 active, 2 put off, 0 failed',
      'table   1234 rows in the last minute, last row 2026-11-20T09:59:55.000Z, 5 s ago',
      '          inference_logs_2026_11  about 98765 rows, 54.3 MB',
      'refused 2 records: see the table inference_log_dead_letters',
    ]);
  });

  it('is troubled by a part that cannot be seen, and says why', () => {
    const away = { ...status, spools: [], lagSeconds: 0, queue: { unavailable: 'Redis is away' } };
    expect(statusReport(away, NOW_MS)).toMatch(
      /^spool {3}none\nlag {5}0 s\nqueue {3}Redis is away\ntable {3}1234 rows/,
    );
    expect(isTroubled(away)).toBe(true);
    expect(isTroubled({ ...status, spools: [] })).toBe(false);
  });

  it('is troubled by spools that cannot be read, one or all of them', () => {
    const nothing = { waitingBytes: undefined, oldestAt: undefined };
    const unreadable = { name: 'worker-1-0badcafe', owner: 'unknown', ...nothing } as const;
    const one = { ...status, spools: [...status.spools, unreadable] };
    expect(statusReport(one, NOW_MS)).toMatch(
      /^spool {3}3, at least 2.3 MB waiting\n[^]*worker-1-0badcafe {2}\(cannot be read\)\n/,
    );
    expect(isTroubled(one)).toBe(true);
    const all = { ...status, spools: { unavailable: 'EACCES: permission denied' }, lagSeconds: undefined };
    expect(statusReport(all, NOW_MS)).toMatch(/^spool {3}EACCES: permission denied\nlag {5}unknown\nqueue {3}3 jobs/);
    expect(isTroubled(all)).toBe(true);
  });
});
