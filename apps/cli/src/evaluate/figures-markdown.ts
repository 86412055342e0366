import type { Figures } from './metrics.js';

/** Figures of several sets of rows, one line each. */
export function figuresTable(figures: Record<string, Figures>): string {
  const outOfScope = Object.values(figures).some((one) => one.outOfScope);
  const head = ['rows', 'count', 'accuracy', 'macro recall', 'macro F1', 'calibration error'];
  if (outOfScope) head.push('out-of-scope rows', 'out-of-scope recall', 'accuracy without threshold');
  const lines = Object.entries(figures).map(([name, one]) => [
    name,
    String(one.rows),
    percent(one.accuracy),
    percent(one.macroRecall),
    percent(one.macroF1),
    one.calibrationError.toFixed(4),
    ...(outOfScope
      ? [
          String(one.outOfScope?.rows ?? 0),
          percent(one.outOfScope?.recall ?? null),
          percent(one.outOfScope?.accuracyWithoutThreshold ?? null),
        ]
      : []),
  ]);
  return markdownTable(head, lines);
}

/** Figures by label. */
export function labelTable({ labels }: Figures): string {
  return markdownTable(
    ['label', 'rows', 'precision', 'recall', 'F1'],
    labels.map(({ label, rows, precision, recall, f1 }) => [
      label,
      String(rows),
      percent(precision),
      percent(recall),
      percent(f1),
    ]),
  );
}

/** Lines of a Markdown table. */
export function markdownTable(head: readonly string[], lines: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** A share as people read it. */
export function percent(share: number | null): string {
  return share === null ? '-' : `${(100 * share).toFixed(2)} %`;
}
