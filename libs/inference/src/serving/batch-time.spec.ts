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

  /** Sizes of the last of 2000 batches that are as large as they may be, for a queue of 32. */
  function sizesUnder(msOf: (items: number) => number): number[] {
    const sizes = Array.from({ length: 2000 }, () => {
      const items = Math.min(32, time.mostItems(8));
      time.add(items, msOf(items));
      return items;
    });
    return sizes.slice(-100);
  }

  it('keeps batches short where each item costs as much as the first', () => {
    const sizes = sizesUnder((items) => 4 * items);
    expect(Math.max(...sizes)).toBe(2);
    expect(sizes.filter((items) => items === 2).length).toBeGreaterThan(90);
  });

  it('finds out that larger batches cost nothing, whatever it took them for', () => {
    time.add(1, 40);
    time.add(5, 200);
    expect(time.mostItems(8)).toBe(1);
    const sizes = sizesUnder((items) => 40 + 0.1 * items + Math.sin(items * 7));
    expect(sizes.filter((items) => items === 32).length).toBeGreaterThan(90);
  });
});
