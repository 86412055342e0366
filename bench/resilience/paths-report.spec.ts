import { measuredRound } from '../test-support/measured-rounds.js';
import { PATHS, type Path } from './paths.js';
import { judgePaths, renderPaths } from './paths-report.js';

const round = (requestsPerSecond: number) => measuredRound('falcon', { requestsPerSecond });
const found = (hit: number[], miss: number[]): Path[] =>
  PATHS.map(({ name, scenario }) => {
    const rounds = (name === 'hit' ? hit : miss).map(round);
    return { name, scenario, apart: rounds, shared: [round(5000)] };
  });

describe('judgePaths', () => {
  it('accepts what just keeps both promises, at the median of the rounds', () => {
    const verdicts = judgePaths(found([10_000, 2, 20_000], [7000, 7000, 1]));
    expect(verdicts.map(({ kept, measured }) => ({ kept, measured }))).toEqual([
      { kept: true, measured: 0.5 },
      { kept: true, measured: 0.35 },
    ]);
  });

  it('names the path that is too slow', () => {
    const broken = judgePaths(found([9999], [7000])).filter(({ kept }) => !kept);
    expect(broken.map(({ promise }) => promise)).toEqual([expect.stringContaining('hit')]);
    expect(judgePaths(found([10_000], [6999])).filter(({ kept }) => !kept)).toMatchObject([{ measured: 0.34995 }]);
  });
});

describe('renderPaths', () => {
  it('tells the four tables apart', () => {
    const markdown = renderPaths(found([10_000], [7000]));
    expect(markdown).toContain('### 64 connections, the same text (hit), the worker elsewhere');
    expect(markdown).toContain('### 64 connections, all-different texts (miss), everything on one machine');
    expect(markdown).toContain('| bare-fastify (reference) | 20000 | 1 |');
    expect(markdown).toContain('| falcon | 7000 | 0.35 (0.35..0.35) |');
  });
});
