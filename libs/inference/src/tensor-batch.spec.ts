import { x } from '../test-support/test-service.js';
import { concatItems, splitItems } from './tensor-batch.js';

describe('splitItems', () => {
  const items = [x([1, 2]), x([3, 4], [5, 6])];
  const joined = concatItems(items);

  it('gives each item the rows that came of its own', () => {
    expect(splitItems(joined, [1, 2])).toEqual(items);
  });

  it('does not guess whose rows are whose where the model gives more or fewer than it got', () => {
    expect(() => splitItems(joined, [1, 1])).toThrow('the output "x" of 2 rows has the shape [3, 2]');
    expect(() => splitItems(joined, [2, 2])).toThrow('the output "x" of 4 rows has the shape [3, 2]');
  });

  it('gives a single item the whole output', () => {
    expect(splitItems(joined, [1])).toEqual([joined]);
  });
});
