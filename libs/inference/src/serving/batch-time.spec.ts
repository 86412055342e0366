import { BatchTime } from './batch-time.js';

describe('BatchTime', () => {
  let time: BatchTime;

  beforeEach(() => {
    time = new BatchTime();
  });

  function batches(sizes: readonly number[], msOf: (items: number) => number, rounds = 20): void {
    for (let round = 0; round < rounds; round++) for (const items of sizes) time.add(items, msOf(items));
  }

  it('knows no bound before it has seen batches of several sizes', () => {
    expect(time.itemsWithin(15)).toBe(Infinity);
    batches([4], (items) => 3 * items);
    expect(time.itemsWithin(15)).toBe(Infinity);
  });

  it('finds what an item costs by itself', () => {
    batches([1, 2, 5, 8], (items) => 3 * items);
    expect(time.itemsWithin(15)).toBeCloseTo(5);
  });

  it('does not count what the items of a batch share', () => {
    batches([1, 2, 5, 8], (items) => 40 + 0.1 * items);
    expect(time.itemsWithin(15)).toBeCloseTo(150);
  });

  it('has no bound where larger batches do not take longer', () => {
    batches([1, 2, 5, 8], (items) => 40 - items);
    expect(time.itemsWithin(15)).toBe(Infinity);
  });

  it('keeps what it knows while all batches are alike, and follows when they take longer', () => {
    batches([1, 2, 5, 8], (items) => 3 * items);
    batches([5], (items) => 3 * items, 500);
    expect(time.itemsWithin(15)).toBeCloseTo(5);
    batches([5], (items) => 6 * items, 500);
    expect(time.itemsWithin(15)).toBeCloseTo(2.5);
  });
});
