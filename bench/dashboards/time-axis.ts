import type { Span } from './panel-data.js';
import { type Box, round, text } from '../svg/svg.js';

const LABELS = 5;

/** Where a time is in a plot. */
export function xOf(timeSeconds: number, { startSeconds, endSeconds }: Span, plot: Box): number {
  return round(plot.x + ((timeSeconds - startSeconds) / (endSeconds - startSeconds)) * plot.width);
}

/** Times below a plot, as minutes since the start. */
export function timeAxis(span: Span, plot: Box): string {
  const minutes = (span.endSeconds - span.startSeconds) / 60;
  return Array.from({ length: LABELS + 1 }, (_, k) => {
    const at = (minutes * k) / LABELS;
    const x = plot.x + (plot.width * k) / LABELS;
    const anchor = ['start', ...Array<string>(LABELS - 1).fill('middle'), 'end'][k]; // no room beyond the ends
    return text(x, plot.y + plot.height + 14, `${round(at)} min`, `font-size="10" fill="#667" text-anchor="${anchor}"`);
  }).join('');
}
