import type { Spread } from './summary.js';

type Cell = string | number;

/** A Markdown table. */
export function table(head: readonly Cell[], rows: readonly (readonly Cell[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** The median, and least and most in brackets. */
export function withSpread({ median, min, max }: Spread): string {
  return `${number(median)} (${number(min)}..${number(max)})`;
}

/** Three significant digits, but no exponent. */
export function number(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(3))) : 'n/a';
}
