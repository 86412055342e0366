import { BatchTime } from './batch-time.js';

describe('BatchTime', () => {
  let time: BatchTime;

  beforeEach(() => {
    time = new BatchTime();
  });

  function batches(sizes: readonly number[], msOf: (items: number) => number, rounds = 20): void {
    for (let round = 0; round < rounds; round++) for (const items of sizes) time.add(items, msOf(items));
  }

  it('knows nothing before it has seen batches of several sizes', () => {
    expect(time.msPerItem).toBe(0);
    batches([4], (items) => 3 * items);
    expect(time.msPerItem).toBe(0);
  });

  it('finds what an item costs by itself', () => {
    batches([1, 2, 5, 8], (items) => 3 * items);
    expect(time.msPerItem).toBeCloseTo(3);
  });

  it('does not count what the items of a batch share', () => {
    batches([1, 2, 5, 8], (items) => 40 + 0.1 * items);
    expect(time.msPerItem).toBeCloseTo(0.1);
  });

  it('is nothing where larger batches do not take longer', () => {
    batches([1, 2, 5, 8], (items) => 40 - items);
    expect(time.msPerItem).toBe(0);
  });

  it('keeps what it knows while all batches are alike, and follows when they take longer', () => {
    batches([1, 2, 5, 8], (items) => 3 * items);
    batches([5], (items) => 3 * items, 500);
    expect(time.msPerItem).toBeCloseTo(3);
    batches([5], (items) => 6 * items, 500);
    expect(time.msPerItem).toBeCloseTo(6);
  });
});
