import type { Measurement } from './measurement.js';
import { renderMarkdown, renderScenarios } from './report.js';
import { summarise } from './summary.js';

const figures = (requestsPerSecond: number, otherCores: number): Measurement => {
  return {
    requestsPerSecond,
    p50Ms: 1.2345,
    p99Ms: 2,
    cpuUs: 10,
    cores: 1,
    rssMb: 100,
    generatorCores: 0.5,
    otherCores,
  };
};
const reference = { referenceBefore: figures(20_000, 0), referenceAfter: figures(20_000, 0.123) };
const rounds = [9000, 10_000, 11_000].map((rate, round) => ({
  server: 'falcon',
  round,
  measured: figures(rate, 0),
  ...reference,
}));

describe('renderMarkdown', () => {
  const context = { startedAt: '2026-01-01T00:00:00Z', machine: { cores: 2 }, settings: { rounds: 3 } };
  const found = [summarise({ texts: 'different', connections: 1 }, rounds, ['falcon'])];
  const verdicts = [
    { promise: 'quick', measured: Number.NaN, limit: 1, unit: 'ms', kept: false },
    { promise: 'light', measured: 0.51234, limit: 1, unit: 'x', kept: true },
  ];
  const markdown = renderMarkdown(context, { found, markdown: renderScenarios(found), verdicts });

  it('shows medians with the spread of the ratios, to three digits', () => {
    expect(markdown).toContain('| falcon | 10000 | 0.5 (0.45..0.55) | 1.23 | 1 |');
    expect(markdown).toContain('| bare-fastify (reference) | 20000 | 1 |');
  });

  it('says what was measured where, and how much of the machine was not ours', () => {
    expect(markdown).toContain('Measured 2026-01-01T00:00:00Z; cores 2, rounds 3.');
    expect(markdown).toContain('### 1 connection, all-different texts');
    expect(markdown).toContain('Other processes kept at most 0.123 cores busy.');
  });

  it('marks each promise, and does not pass off a missing figure as a number', () => {
    expect(markdown).toContain('| **broken** | quick | n/a ms |');
    expect(markdown).toContain('| kept | light | 0.512 x |');
  });
});
