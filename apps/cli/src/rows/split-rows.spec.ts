import { splitRows } from './split-rows.js';

const rows = Array.from({ length: 100 }, (_, k) => ({ text: `${k}`, label: 'x' }));

describe('splitRows', () => {
  it('puts every row into exactly one part', () => {
    const { train, dev, test } = splitRows(rows, { dev: 0.2, test: 0.1 }, 1);
    expect([train.length, dev.length, test.length]).toEqual([70, 20, 10]);
    expect(new Set([...train, ...dev, ...test])).toEqual(new Set(rows));
  });

  it('draws the same parts for the same seed, and others for another', () => {
    const draw = (seed: number) => splitRows(rows, { dev: 0.5, test: 0 }, seed).dev;
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });
});
