import fc from 'fast-check';
import { setTimeout as sleep } from 'node:timers/promises';
import { MicroBatcher } from './micro-batcher.js';
import { PendingItem } from './pending-item.js';

function item(width: number, rows = 1, signal?: AbortSignal, headStartMs = 0): PendingItem {
  const tensors = { x: { dtype: 'float32' as const, shape: [rows, width], data: new Float32Array(rows * width) } };
  const pending = new PendingItem({ tensors }, { signal, headStartMs });
  pending.answer.catch(() => undefined);
  return pending;
}

function batcher(options: Partial<MicroBatcher['options']> = {}): MicroBatcher {
  return new MicroBatcher({ model: 'm', maxItems: 4, maxBytes: 1000, maxWaiting: 100, timeoutMs: 0, ...options });
}

describe('MicroBatcher', () => {
  it('hands out what waits, in order, up to the batch size', () => {
    const queue = batcher();
    const items = Array.from({ length: 6 }, () => item(1));
    for (const each of items) queue.add(each, 1);
    expect(queue.take(0)).toEqual(items.slice(0, 4));
    expect(queue.take(0)).toEqual(items.slice(4));
    expect(queue.take(0)).toEqual([]);
  });

  it('hands out fewer when it is asked to', () => {
    const queue = batcher();
    const items = Array.from({ length: 3 }, () => item(1));
    for (const each of items) queue.add(each, 1);
    expect(queue.take(0, 2)).toEqual(items.slice(0, 2));
    expect(queue.take(0, 2)).toEqual(items.slice(2));
  });

  it('hands out what has a head start before what came not much earlier', async () => {
    const queue = batcher({ maxItems: 1, timeoutMs: 50 });
    const [old, asOld] = [item(1), item(1)];
    queue.add(old, 1);
    await sleep(30);
    const urgent = item(1, 1, undefined, 20);
    for (const each of [asOld, urgent]) queue.add(each, 1);
    const mostUrgent = item(1, 1, undefined, 10_000);
    queue.add(mostUrgent, 1);
    expect(queue.oldestMs).toBe(old.enqueuedMs);
    expect([1, 2, 3, 4].flatMap(() => queue.take(0))).toEqual([mostUrgent, old, asOld, urgent]);
    expect(queue.oldestMs).toBe(Infinity);
  });

  it('keeps items of other shapes in their place', () => {
    const queue = batcher();
    const items = [item(1), item(2), item(1), item(2)];
    for (const each of items) queue.add(each, 1);
    expect(queue.take(0)).toEqual([items[0], items[2]]);
    expect(queue.take(0)).toEqual([items[1], items[3]]);
  });

  it('does not go over the byte cap, but lets a single item through', () => {
    const queue = batcher({ maxBytes: 20 });
    const items = [item(10), item(2, 2), item(2)];
    for (const each of items) queue.add(each, 1);
    expect(queue.take(0)).toEqual([items[0]]);
    expect(queue.take(0)).toEqual([items[1]]); // 16 bytes, 8 more would be over
    expect(queue.take(0)).toEqual([items[2]]);
  });

  it('hands out an item of a lost worker alone', () => {
    const queue = batcher();
    const [again, fresh] = [item(1), item(1)];
    queue.add(fresh, 1);
    again.isRetry = true;
    queue.putBack([again]);
    expect(queue.take(0)).toEqual([again]);
    expect(queue.take(0)).toEqual([fresh]);
  });

  it('has what a lost worker had not begun with wait again by its rank', () => {
    const queue = batcher();
    const [waited, urgent] = [item(1), item(1, 1, undefined, 1000)];
    queue.add(urgent, 1);
    queue.putBack([waited]);
    expect(queue.take(0)).toEqual([urgent, waited]);
  });

  it('drops items whose callers have left', () => {
    const queue = batcher();
    const gone = item(1, 1, AbortSignal.abort());
    const here = item(1);
    queue.add(gone, 1);
    queue.add(here, 1);
    expect(queue.take(0)).toEqual([here]);
    expect(gone.isSettled).toBe(true);
  });

  it('forgets, when it is swept, items whose callers have left', () => {
    const queue = batcher({ maxWaiting: 1 });
    queue.add(item(1, 1, AbortSignal.abort()), 1);
    queue.sweep(0);
    expect(() => queue.add(item(1), 1)).not.toThrow();
  });

  it('lets an item in at once when one of those that fill it has left', () => {
    const queue = batcher({ maxWaiting: 1 });
    const leaving = new AbortController();
    queue.add(item(1, 1, leaving.signal), 1);
    leaving.abort();
    const next = item(1);
    queue.add(next, 1);
    expect(queue.take(0)).toEqual([next]);
  });

  it('refuses more than may wait, and says when to come back', () => {
    const queue = batcher({ maxWaiting: 30 });
    for (let k = 0; k < 30; k++) queue.add(item(1), 100);
    expect(() => queue.add(item(1), 100)).toThrow(expect.objectContaining({ waiting: 30, retryAfterSeconds: 3 }));
  });

  it('refuses the last of those that wait when what is more urgent comes', async () => {
    const queue = batcher({ maxWaiting: 2 });
    const [first, last] = [item(1), item(1)];
    for (const each of [first, last]) queue.add(each, 100);
    const urgent = item(1, 1, undefined, 1000);
    queue.add(urgent, 100);
    await expect(last.answer).rejects.toMatchObject({ code: 'INFERENCE_QUEUE_FULL', waiting: 2 });
    expect(() => queue.add(item(1), 100)).toThrow(expect.objectContaining({ code: 'INFERENCE_QUEUE_FULL' }));
    expect(queue.take(0)).toEqual([urgent, first]);
  });

  it('refuses what is more urgent where all that wait are items of lost workers', () => {
    const queue = batcher({ maxWaiting: 1 });
    const again = item(1);
    again.isRetry = true;
    queue.putBack([again]);
    expect(() => queue.add(item(1, 1, undefined, 1000), 1)).toThrow(
      expect.objectContaining({ code: 'INFERENCE_QUEUE_FULL' }),
    );
    expect(queue.take(0)).toEqual([again]);
  });

  it('is due at once when full, else when the oldest has waited long enough', () => {
    const queue = batcher({ maxItems: 2, timeoutMs: 50 });
    expect(queue.dueMs).toBe(Infinity);
    const first = item(1);
    queue.add(first, 1);
    expect(queue.dueMs).toBe(first.enqueuedMs + 50);
    queue.add(item(1), 1);
    expect(queue.dueMs).toBe(-Infinity);
  });

  it('loses, doubles and reorders nothing within a shape, whatever comes', () => {
    const arrivals = fc.array(fc.record({ width: fc.integer({ min: 1, max: 3 }), leaves: fc.boolean() }), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(arrivals, fc.integer({ min: 1, max: 8 }), (plan, maxItems) => {
        const queue = batcher({ maxItems, maxBytes: 24 });
        const items = plan.map(({ width, leaves }) => item(width, 1, leaves ? AbortSignal.abort() : undefined));
        for (const each of items) queue.add(each, 1);
        const taken: PendingItem[] = [];
        for (let batch = queue.take(0); batch.length > 0; batch = queue.take(0)) {
          expect(batch.length).toBeLessThanOrEqual(maxItems);
          expect(new Set(batch.map(({ group }) => group)).size).toBe(1);
          taken.push(...batch);
        }
        for (const group of ['x:1', 'x:2', 'x:3']) {
          const of = (all: PendingItem[]) => all.filter((each) => each.group === group);
          expect(of(taken)).toEqual(of(items).filter((each) => !each.isSettled));
        }
        expect(queue.waiting).toBe(0);
      }),
    );
  });
});
