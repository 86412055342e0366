import type { ChartPanel } from '../../deploy/grafana/dashboard-schema.js';
import { formatValue } from './format-value.js';
import type { NamedSeries } from './panel-data.js';
import { type Box, fitted, NAMED_COLOURS, rect, round, text } from '../svg/svg.js';

type PanelOf<Type> = Extract<ChartPanel, { type: Type }>;

const BAR_ROW_HEIGHT = 26;
const TABLE_ROW_HEIGHT = 22;

/** A half circle for each series, filled as far as its latest value goes. */
export function drawGauge({ fieldConfig }: PanelOf<'gauge'>, series: readonly NamedSeries[], box: Box): string {
  const { min = 0, max = 1, unit } = fieldConfig.defaults;
  const width = box.width / Math.max(1, series.length);
  const radius = Math.min(width * 0.36, box.height * 0.62);
  return series
    .map(({ name, points }, k) => {
      const value = points.at(-1)?.value ?? Number.NaN;
      const share = Math.min(1, Math.max(0, ((value || 0) - min) / (max - min)));
      const [x, y] = [box.x + width * (k + 0.5), box.y + box.height * 0.72];
      const arc = (to: number, colour: string) => {
        const [dx, dy] = [radius * Math.cos(Math.PI * (1 - to)), radius * Math.sin(Math.PI * (1 - to))];
        const path = `M${round(x - radius)} ${round(y)}A${round(radius)} ${round(radius)} 0 0 1 ${round(x + dx)} ${round(y - dy)}`;
        return `<path d="${path}" fill="none" stroke="${colour}" stroke-width="${round(radius / 4)}"/>`;
      };
      const colour = colourOf(fieldConfig, value);
      const size = Math.max(16, round(radius / 3.2));
      return [
        arc(1, '#e4e6ea'),
        arc(share, colour),
        text(
          x,
          y - 4,
          formatValue(value, unit),
          `font-size="${size}" font-weight="bold" fill="${colour}" text-anchor="middle"`,
        ),
        text(x, y + 24, name, 'font-size="12" fill="#334" text-anchor="middle"'),
      ].join('');
    })
    .join('\n');
}

/** A bar for each series, the longest for the largest value. */
export function drawBars({ fieldConfig }: PanelOf<'bargauge'>, series: readonly NamedSeries[], box: Box): string {
  const values = series.map(({ name, points }) => ({ name, value: points.at(-1)?.value ?? Number.NaN }));
  const most = Math.max(...values.map(({ value }) => value || 0), Number.MIN_VALUE);
  const [names, figures] = [260, 90];
  return values
    .toSorted((a, b) => b.value - a.value)
    .slice(0, Math.floor(box.height / BAR_ROW_HEIGHT))
    .map(({ name, value }, k) => {
      const y = box.y + k * BAR_ROW_HEIGHT;
      const room = box.width - names - figures - 20;
      const width = ((value || 0) / most) * room;
      const colour = colourOf(fieldConfig, value);
      return [
        text(box.x + names, y + 16, fitted(name, names - 10, 12), 'font-size="12" fill="#334" text-anchor="end"'),
        rect({ x: box.x + names + 10, y: y + 3, width: room, height: 18 }, '#f0f1f4'),
        rect({ x: box.x + names + 10, y: y + 3, width, height: 18 }, colour),
        text(
          box.x + box.width - 10,
          y + 16,
          formatValue(value, fieldConfig.defaults.unit),
          'font-size="12" fill="#334" text-anchor="end"',
        ),
      ].join('');
    })
    .join('\n');
}

/** A row for each series, with the labels that the panel chooses. */
export function drawTable(
  { transformations = [] }: PanelOf<'table'>,
  series: readonly NamedSeries[],
  box: Box,
): string {
  const [filter] = transformations.filter(({ id }) => id === 'filterFieldsByName');
  const columns = (filter?.options as { include: { names: string[] } } | undefined)?.include.names ?? [];
  const width = (box.width - 20) / Math.max(1, columns.length);
  const row = (cells: readonly string[], k: number, attributes: string) =>
    cells
      .map((cell, c) =>
        text(box.x + 12 + c * width, box.y + 14 + k * TABLE_ROW_HEIGHT, fitted(cell, width, 12), attributes),
      )
      .join('');
  const rows = series
    .map(({ labels }) => columns.map((column) => labels[column] ?? ''))
    .toSorted((a, b) => String(a).localeCompare(String(b)));
  return [
    row(columns, 0, 'font-size="12" font-weight="bold" fill="#334"'),
    ...rows
      .slice(0, Math.floor(box.height / TABLE_ROW_HEIGHT) - 1)
      .map((cells, k) => row(cells, k + 1, 'font-size="12" fill="#334"')),
  ].join('\n');
}

function colourOf({ defaults }: ChartPanel['fieldConfig'], value: number): string {
  const reached = (defaults.thresholds?.steps ?? []).filter((step) => step.value === null || value >= step.value);
  return NAMED_COLOURS[reached.at(-1)?.color ?? ''] ?? '#667';
}
