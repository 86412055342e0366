import { spreadOf } from '../summary.js';
import { judgeTenants, renderTenants, type Form, type TenantCost } from './tenants.js';

const cost = (form: Form, tenants: number, [us, heapMb, remembered]: [number, number, number]): TenantCost => ({
  form,
  tenants,
  decision: spreadOf([us]),
  heapMb,
  remembered,
});

describe('judgeTenants', () => {
  const kept = (...found: TenantCost[]) => judgeTenants(found).map((verdict) => verdict.kept);

  it('judges time and memory with 100,000 tenants, and that no more are remembered', () => {
    const bounded = cost('memory', 1_000_000, [9, 900, 200_000]);
    expect(kept(cost('memory', 100_000, [0.5, 20, 100_000]), bounded)).toEqual([true, true, true]);
    expect(kept(cost('Redis', 100_000, [21, 90, 100_000]), bounded)).toEqual([false, false, true]);
    expect(kept(cost('memory', 1_000_000, [0.1, 1, 200_001]))).toEqual([false]);
  });
});

describe('renderTenants', () => {
  it('has a line for each', () => {
    expect(renderTenants([cost('Redis', 10, [2, 3, 10])])).toContain('| Redis | 10 | 2 (2..2) | 3 | 10 |');
  });
});
