import { WorkCost } from './work-cost.js';

describe('WorkCost', () => {
  it('is the time of a call, shared out among the workers', () => {
    const cost = new WorkCost(4);
    expect(cost.callMs).toBe(0);
    cost.note(8);
    expect(cost.callMs).toBe(2);
  });

  it('follows what calls cost of late', () => {
    const cost = new WorkCost(1);
    cost.note(1);
    for (let k = 0; k < 50; k++) cost.note(3);
    expect(cost.callMs).toBeCloseTo(3, 1);
  });
});
