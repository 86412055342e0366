import type { Measurement } from './measurement.js';
import { judge } from './requirements.js';
import { measuredRound as round } from './test-support/measured-rounds.js';

/** A run in which every promise is just kept. */
const kept = { requestsPerSecond: 9000, cpuUs: 120, p99Ms: 18, eventLoopP99Ms: 5 };
const judged = (falcon: Partial<Measurement>, single: Partial<Measurement> = { p50Ms: 0.54 }) =>
  judge([
    {
      scenario: { texts: 'different', connections: 64 },
      rounds: [round('falcon', { ...kept, ...falcon }), round('naive-fastify', { requestsPerSecond: 2250 })],
    },
    {
      scenario: { texts: 'different', connections: 1 },
      rounds: [round('falcon', single), round('naive-fastify', { p50Ms: 0.25 })],
    },
  ]);
const broken = (verdicts: ReturnType<typeof judge>) => verdicts.filter((v) => !v.kept).map(({ promise }) => promise);

describe('judge', () => {
  it('accepts a run that just keeps every promise', () => {
    expect(judged({})).toHaveLength(6);
    expect(broken(judged({}))).toEqual([]);
  });

  it.each([
    [{ requestsPerSecond: 8990 }, ['throughput, to naive Fastify', 'throughput, to bare Fastify']],
    [{ cpuUs: 121 }, ['CPU per request']],
    [{ p99Ms: 18.1 }, ['p99, to bare Fastify']],
    [{ eventLoopP99Ms: 5.1 }, ['event-loop delay']],
    [{ eventLoopP99Ms: Number.NaN }, ['event-loop delay']],
  ])('names the promises that %j breaks', (figures, expected) => {
    const promises = broken(judged(figures));
    expect(promises).toEqual(expected.map((words) => expect.stringContaining(words) as string));
  });

  it('compares the latency of a single caller with the naive server, not with the reference', () => {
    expect(broken(judged({}, { p50Ms: 0.56 }))).toEqual([expect.stringContaining('1 connection')]);
  });
});
