import * as fc from 'fast-check';
import { RecentMap } from './recent-map.js';

describe('RecentMap', () => {
  it('keeps the last half of what it may hold, never more than all of it, and never a wrong value', () => {
    const keys = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 300 });
    fc.assert(
      fc.property(keys, (asked) => {
        const map = new RecentMap<number>(20);
        const order: number[] = [];
        for (const key of asked) {
          const value = map.get(String(key));
          const recent = new Set(order.slice(-1000).toReversed().slice(0, 300));
          const isAmongLast = [...recent].slice(0, 9).includes(key);
          expect(value ?? key).toBe(key);
          expect(isAmongLast && value === undefined).toBe(false);
          if (value === undefined) map.set(String(key), key);
          order.push(key);
          expect(map.size).toBeLessThanOrEqual(20);
        }
      }),
    );
  });
});
