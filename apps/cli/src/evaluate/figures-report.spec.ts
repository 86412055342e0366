import { figuresReport } from './figures-report.js';
import { computeFigures, type Judged } from './metrics.js';

const judged = (expected: string, predicted: string): Judged => ({
  expected,
  predicted,
  likeliest: predicted,
  confidence: 1,
});

describe('figuresReport', () => {
  it('shows few labels as a matrix', () => {
    const rows = [judged('a', 'a'), judged('a', 'b'), judged('b', 'b'), judged('b', 'b')];
    const report = figuresReport(computeFigures(rows, ['a', 'b']));
    expect(report).toContain('| all | 4 | 75.00 % | 75.00 % |');
    expect(report).toContain('| a | 2 | 100.00 % | 50.00 % | 66.67 % |');
    expect(report).toContain('| expected \\ predicted | a | b |\n| --- | --- | --- |\n| a | 1 | 1 |\n| b | 0 | 2 |');
  });

  it('shows the commonest mistakes of many labels', () => {
    const labels = Array.from({ length: 20 }, (_, k) => `label ${k}`);
    const rows = [
      ...labels.map((label) => judged(label, label)),
      ...Array.from({ length: 3 }, () => judged('label 7', 'label 9')),
    ];
    const report = figuresReport(computeFigures(rows, labels));
    expect(report).toContain('| expected | predicted | rows |\n| --- | --- | --- |\n| label 7 | label 9 | 3 |');
  });
});
