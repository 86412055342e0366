import type { ChartPanel } from '../../deploy/grafana/dashboard-schema.js';
import type { NamedSeries, Span } from './panel-data.js';
import { type Box, fitted, NAMED_COLOURS, rect, text } from '../svg/svg.js';
import { timeAxis, xOf } from './time-axis.js';

type TimelinePanel = Extract<ChartPanel, { type: 'state-timeline' }>;

/** A bar for each series, in the colour of the state that it has at each time. */
export function drawStateTimeline(panel: TimelinePanel, series: readonly NamedSeries[], box: Box, span: Span): string {
  const [mapping] = panel.fieldConfig.defaults.mappings ?? [];
  const states = mapping?.type === 'value' ? mapping.options : {};
  const names = Math.min(190, box.width / 3);
  const plot = { x: box.x + names, y: box.y, width: box.width - names - 12, height: box.height - 44 };
  const height = plot.height / Math.max(1, series.length);
  const bars = series.flatMap(({ name, points }, k) => {
    const y = plot.y + k * height;
    const label = text(
      plot.x - 6,
      y + height / 2 + 4,
      fitted(name, names - 10),
      'font-size="11" fill="#334" text-anchor="end"',
    );
    const parts = stretches(points, span.stepSeconds).map(({ from, to, value }) => {
      const [x, end] = [xOf(from, span, plot), xOf(Math.min(to, span.endSeconds), span, plot)];
      const colour = NAMED_COLOURS[states[String(value)]?.color ?? ''] ?? '#999';
      return rect({ x, y: y + 1.5, width: end - x, height: height - 3 }, colour);
    });
    return [label, ...parts];
  });
  const legend = Object.values(states).map(({ text: name = '', color = '' }, k) => {
    const [x, y] = [box.x + 12 + k * 90, box.y + box.height - 8];
    return (
      rect({ x, y: y - 8, width: 10, height: 10 }, NAMED_COLOURS[color] ?? '#999') +
      text(x + 16, y, name, 'font-size="11" fill="#334"')
    );
  });
  return [...bars, timeAxis(span, plot), ...legend].join('\n');
}

/** The times between which a series keeps its value; without data there is none. */
function stretches(points: NamedSeries['points'], stepSeconds: number) {
  const found: { from: number; to: number; value: number }[] = [];
  for (const { timeSeconds, value } of points) {
    const latest = found.at(-1);
    if (latest && latest.value === value && latest.to >= timeSeconds) latest.to = timeSeconds + stepSeconds;
    else found.push({ from: timeSeconds, to: timeSeconds + stepSeconds, value });
  }
  return found;
}
