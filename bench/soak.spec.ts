import { judgeSoak, partsOf, type SoakSample } from './soak.js';

const samples = (...states: [rssMb: number, tensors: number][]): SoakSample[] => {
  return states.map(([rssMb, tensors], index) => ({ requests: (index + 1) * 100, rssMb, tensors }));
};
const kept = (list: SoakSample[]) => judgeSoak(list).map((verdict) => verdict.kept);

describe('partsOf', () => {
  it.each([10, 11, 19, 1005, 1_000_000])('leaves out none of %d requests', (requests) => {
    const parts = partsOf(requests);
    expect(parts).toHaveLength(10);
    expect(parts.reduce((sum, part) => sum + part)).toBe(requests);
    expect(Math.min(...parts)).toBeGreaterThan(0);
  });
});

describe('judgeSoak', () => {
  it('accepts memory that grows by less than 5 % after the first part, and the same tensors throughout', () => {
    expect(kept(samples([100, 7], [104, 7], [104.9, 7]))).toEqual([true, true]);
  });

  it('refuses memory that has grown by 5 %', () => {
    expect(kept(samples([100, 7], [105, 7]))).toEqual([false, true]);
  });

  it('refuses a tensor too many in any part, even when it is gone in the end', () => {
    expect(kept(samples([100, 7], [100, 8], [100, 7]))).toEqual([true, false]);
  });
});
