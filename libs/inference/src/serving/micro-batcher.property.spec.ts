import fc from 'fast-check';
import { MicroBatcher } from './micro-batcher.js';
import { PendingItem } from './pending-item.js';

const OPTIONS = { model: 'm', maxItems: 4, maxBytes: 24, maxWaiting: 6, timeoutMs: 0 };
const BYTES_PER_NUMBER = 4;

type Step =
  | { do: 'add'; width: number; rows: number; livesMs: number; headStartMs: number }
  | { do: 'leave' | 'lose'; which: number }
  | { do: 'wait'; ms: number }
  | { do: 'take' | 'sweep' };

/** What a caller of the queue knows of an item. */
interface Known {
  item: PendingItem;
  width: number;
  bytes: number;
  deadlineMs: number;
  leave: AbortController;
  isRetry: boolean;
}

/** The queue beside a plain list that says what should be in it. */
class Pair {
  readonly queue = new MicroBatcher(OPTIONS);
  nowMs = 0;
  private list: Known[] = [];
  private taken: Known[] = [];
  /** Items that were not refused and should have been, or the reverse. */
  private mistaken = 0;
  private batch: PendingItem[] = [];
  private expected: PendingItem[] = [];

  do(step: Step): void {
    switch (step.do) {
      case 'add':
        return this.add(step);
      case 'leave':
        return this.list[step.which % this.list.length]?.leave.abort();
      case 'lose':
        return this.lose(step.which);
      case 'wait':
        this.nowMs += step.ms;
        return;
      case 'take':
        return this.take();
      case 'sweep':
        this.queue.sweep(this.nowMs);
        this.list = this.list.filter((known) => this.isWanted(known));
    }
  }

  private add({ width, rows, livesMs, headStartMs }: Extract<Step, { do: 'add' }>): void {
    const leave = new AbortController();
    const deadlineMs = this.nowMs + livesMs;
    const tensors = { x: { dtype: 'float32' as const, shape: [rows, width], data: new Float32Array(rows * width) } };
    const item = new PendingItem({ tensors }, { signal: leave.signal, deadlineMs, headStartMs });
    item.answer.catch(() => undefined);
    const known = { item, width, bytes: rows * width * BYTES_PER_NUMBER, deadlineMs, leave, isRetry: false };
    if (this.list.length >= OPTIONS.maxWaiting) this.list = this.list.filter((waiting) => this.isWanted(waiting));
    const isFull = this.list.length >= OPTIONS.maxWaiting;
    const behind = this.list.findLastIndex((waiting) => waiting.isRetry || waiting.item.rankMs <= item.rankMs) + 1;
    this.list.splice(behind, 0, known);
    const refused = isFull ? this.list.pop() : undefined;
    try {
      this.queue.add(item, 1, this.nowMs);
    } catch (error) {
      item.fail(error as Error);
    }
    if (refused && !refused.item.isSettled) this.mistaken++;
    this.mistaken += this.list.filter((waiting) => waiting.item.isSettled && this.isWanted(waiting)).length;
  }

  /** A worker that had this item, which was taken before, is gone. */
  private lose(which: number): void {
    const [known] = this.taken.splice(which % this.taken.length || 0, 1);
    if (!known || known.isRetry) return;
    known.isRetry = known.item.isRetry = true;
    this.queue.putBack([known.item]);
    this.list.unshift(known);
  }

  private take(): void {
    this.batch = this.queue.take(this.nowMs);
    const expected = this.expectedBatch();
    this.expected = expected.map(({ item }) => item);
    this.taken.push(...expected);
  }

  /** The first that is wanted, and what may share a batch with it, in order, as long as there is room. */
  private expectedBatch(): Known[] {
    const batch: Known[] = [];
    let bytes = 0;
    for (const known of this.list.slice()) {
      if (batch.length === OPTIONS.maxItems) break;
      const [first] = batch;
      const isWanted = this.isWanted(known);
      const fits = !first || (isAlike(first, known) && bytes + known.bytes <= OPTIONS.maxBytes);
      if (isWanted && !fits) continue;
      this.list.splice(this.list.indexOf(known), 1);
      if (!isWanted) continue;
      batch.push(known);
      bytes += known.bytes;
    }
    return batch;
  }

  private isWanted({ leave, deadlineMs }: Known): boolean {
    return !leave.signal.aborted && this.nowMs < deadlineMs;
  }

  /** What is seen of the queue, and what should be. */
  compare(): { seen: unknown[]; expected: unknown[] } {
    const { queue, list, batch, expected, mistaken } = this;
    return {
      seen: [queue.waiting, queue.startsWithRetry, mistaken, batch],
      expected: [list.length, list[0]?.isRetry ?? false, 0, expected],
    };
  }
}

/** Items of different width cannot share a batch, nor may one that was lost take others with it again. */
function isAlike(first: Known, other: Known): boolean {
  return first.width === other.width && !first.isRetry && !other.isRetry;
}

describe('MicroBatcher', () => {
  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant('add' as const),
        width: fc.integer({ min: 1, max: 3 }),
        rows: fc.integer({ min: 1, max: 3 }),
        livesMs: fc.integer({ min: 1, max: 300 }),
        headStartMs: fc.constantFrom(0, 0, 1000, 5000),
      }),
    },
    { weight: 3, arbitrary: fc.constant<Step>({ do: 'take' }) },
    { weight: 1, arbitrary: fc.constant<Step>({ do: 'sweep' }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('leave' as const, 'lose' as const), which: fc.nat(20) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 100 }) }) },
  );

  it('agrees with a plain list whatever comes, leaves, expires and is lost, and when', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const pair = new Pair();
        for (const each of steps) {
          pair.do(each);
          const { seen, expected } = pair.compare();
          expect(seen).toEqual(expected);
        }
      }),
      { numRuns: 300 },
    );
  });
});
