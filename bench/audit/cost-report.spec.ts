import type { Bracketed } from '../rounds.js';
import { measuredRound as round } from '../test-support/measured-rounds.js';
import { judgeCost, renderCost } from './cost-report.js';

const kept = [
  round('process', { requestsPerSecond: 18_000, p99Ms: 9 }),
  round('disk', { requestsPerSecond: 12_000, p99Ms: 9 }),
];
const broken = (apart: Bracketed[]) => judgeCost({ apart }).flatMap(({ kept, promise }) => (kept ? [] : [promise]));

describe('judgeCost', () => {
  it('accepts a cost that just keeps every promise', () => {
    expect(judgeCost({ apart: kept })).toHaveLength(4);
    expect(broken(kept)).toEqual([]);
  });

  it('holds each durability against its own limit', () => {
    const slow = kept.map((each) => round(each.server, { requestsPerSecond: 11_999, p99Ms: 9.1 }));
    expect(broken(slow)).toEqual([
      expect.stringContaining('=process, 64 connections: throughput'),
      expect.stringContaining('=process, 64 connections: p99'),
      expect.stringContaining('=disk, 64 connections: throughput'),
      expect.stringContaining('=disk, 64 connections: p99'),
    ]);
  });
});

describe('renderCost', () => {
  it('tells the two parts apart, and names what the ratios are to', () => {
    const shared = [...kept, round('embedded', { requestsPerSecond: 5000 })];
    const markdown = renderCost({ scenario: { texts: 'different', connections: 64 }, apart: kept, shared });
    expect(markdown).toContain('### 64 connections, all-different texts, the worker elsewhere');
    expect(markdown).toContain('| off (reference) | 20000 | 1 |');
    expect(markdown).toContain('| embedded | 5000 | 0.25 (0.25..0.25) |');
  });
});
