import { figuresTable, labelTable, markdownTable } from './figures-markdown.js';
import type { Figures } from './metrics.js';

/** Labels up to which the confusion is a matrix; above it is a list of the commonest mistakes. */
const MOST_MATRIX_LABELS = 12;
const MISTAKES_SHOWN = 20;

/** Figures as people read them. */
export function figuresReport(figures: Figures): string {
  const sections = [figuresTable({ all: figures }), labelTable(figures), confusionTable(figures)];
  return sections.filter((section) => section !== '').join('\n\n');
}

function confusionTable(figures: Figures): string {
  return Object.keys(figures.confusion).length <= MOST_MATRIX_LABELS ? matrix(figures) : mistakes(figures);
}

function matrix({ confusion }: Figures): string {
  const predicted = [...new Set(Object.values(confusion).flatMap((row) => Object.keys(row)))].sort();
  return markdownTable(
    ['expected \\ predicted', ...predicted],
    Object.entries(confusion)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([expected, row]) => [expected, ...predicted.map((label) => String(row[label] ?? 0))]),
  );
}

function mistakes({ confusion }: Figures): string {
  const all = Object.entries(confusion).flatMap(([expected, row]) =>
    Object.entries(row)
      .filter(([predicted]) => predicted !== expected)
      .map(([predicted, rows]) => ({ expected, predicted, rows })),
  );
  const commonest = all.sort((a, b) => b.rows - a.rows).slice(0, MISTAKES_SHOWN);
  return markdownTable(
    ['expected', 'predicted', 'rows'],
    commonest.map(({ expected, predicted, rows }) => [expected, predicted, String(rows)]),
  );
}
