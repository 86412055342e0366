import { spreadOf } from '../summary.js';
import { judgePolicy, policyCost, renderPolicy } from './policy-cost.js';

describe('policyCost', () => {
  it('finds that a call through a policy costs more than one without, and takes the difference', async () => {
    const { direct, policy, added } = await policyCost({ rounds: 1, calls: 20_000 });
    expect(direct.median).toBeGreaterThan(0);
    expect(policy.median).toBeGreaterThan(direct.median);
    expect(added.median).toBeCloseTo(policy.median - direct.median, 9);
  });
});

describe('judgePolicy', () => {
  it('judges the median', () => {
    expect(judgePolicy({ added: spreadOf([9, 3, 1]) })).toMatchObject([{ kept: true, measured: 3 }]);
    expect(judgePolicy({ added: spreadOf([3.1]) })).toMatchObject([{ kept: false }]);
  });
});

describe('renderPolicy', () => {
  it('shows the medians with their spread', () => {
    const markdown = renderPolicy({ direct: spreadOf([0.1]), policy: spreadOf([2, 3, 4]), added: spreadOf([2.9]) });
    expect(markdown).toContain('| through bulkhead, deadline, retry, breaker and metrics | 3 (2..4) |');
  });
});
