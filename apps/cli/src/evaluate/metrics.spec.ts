import { calibrationError, computeFigures, type Judged } from './metrics.js';

const judged = (expected: string, predicted: string, confidence = 0.9, likeliest = predicted): Judged => ({
  expected,
  predicted,
  likeliest,
  confidence,
});

describe('computeFigures', () => {
  // a: 3 rows, 2 found; b: 2 rows, 1 found, 1 refused although right; two outsiders, 1 refused.
  const rows = [
    judged('a', 'a'),
    judged('a', 'a'),
    judged('a', 'b'),
    judged('b', 'b'),
    judged('b', 'none', 0.3, 'b'),
    judged('oos', 'none', 0.2, 'a'),
    judged('oos', 'a'),
  ];
  const figures = computeFigures(rows, ['a', 'b', 'c'], 'none');

  it('counts a refused row as wrong', () => {
    expect(figures.rows).toBe(5);
    expect(figures.accuracy).toBeCloseTo(3 / 5);
    expect(figures.outOfScope?.accuracyWithoutThreshold).toBeCloseTo(4 / 5);
  });

  it('averages recall over the labels that have rows', () => {
    expect(figures.macroRecall).toBeCloseTo((2 / 3 + 1 / 2) / 2);
  });

  it('tells each label apart', () => {
    const [a, b, c] = figures.labels;
    expect(a).toEqual({ label: 'a', rows: 3, precision: 2 / 3, recall: 2 / 3, f1: expect.closeTo(2 / 3) as number });
    expect(b).toMatchObject({ rows: 2, precision: 1 / 2, recall: 1 / 2 });
    expect(c).toEqual({ label: 'c', rows: 0, precision: null, recall: null, f1: null });
  });

  it('judges refusals', () => {
    expect(figures.outOfScope).toMatchObject({ rows: 2, recall: 1 / 2, precision: 1 / 2 });
  });

  it('counts confusions', () => {
    expect(figures.confusion).toEqual({ a: { a: 2, b: 1 }, b: { b: 1, none: 1 }, oos: { none: 1, a: 1 } });
  });

  it('says nothing of out of scope when no row is', () => {
    expect(computeFigures([judged('a', 'a')], ['a', 'b'])).not.toHaveProperty('outOfScope');
  });

  it('counts labels that are names of every object', () => {
    expect(computeFigures([judged('a', '__proto__')], ['a', '__proto__']).confusion['a']?.['__proto__']).toBe(1);
  });
});

describe('calibrationError', () => {
  it('is 0 when confidence is what it claims to be', () => {
    expect(calibrationError([...Array(3).fill(judged('a', 'a', 0.75)), judged('a', 'b', 0.75)])).toBeCloseTo(0);
  });

  it('is the distance of confidence from accuracy, bin by bin', () => {
    // Two at 0.9 of which one is right: 0.4 off. Two at 0.6 that are both right: 0.4 off as well, the other way.
    const rows = [judged('a', 'a', 0.9), judged('a', 'b', 0.9), judged('a', 'a', 0.6), judged('b', 'b', 0.6)];
    expect(calibrationError(rows)).toBeCloseTo(0.4);
    expect(calibrationError([...rows, judged('a', 'a', 1)])).toBeCloseTo((4 * 0.4) / 5);
  });
});
